/* SPDX-License-Identifier: Apache-2.0 */
/* The system call filter as bytes on stdout, for tests that play boxd. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "sandbox/filter.h"

#define FILTER_BYTES_MAX (64 * 1024)

int main(void)
{
    struct err e = {0};
    struct buf code = {0};
    int fd = -1;
    if (filter_build(0, &fd, &e) < 0 || fd_read_all(fd, FILTER_BYTES_MAX, &code, &e) < 0 ||
        fd_write_all(1, code.data, code.len, &e) < 0) {
        fprintf(stderr, "print_filter: %s\n", e.text);
        return EXIT_FAILURE;
    }
    buf_done(&code);
    return EXIT_SUCCESS;
}
