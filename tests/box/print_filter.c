/* SPDX-License-Identifier: Apache-2.0 */
/* A system call filter (of a box; "boxd", "maker" or "taps": of that) as bytes on stdout, for tests
 * that play boxd or start one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "sandbox/filter.h"

#define FILTER_BYTES_MAX (64 * 1024)

static int build(const char *whose, int *ret_fd, struct err *e)
{
    if (strcmp(whose, "boxd") == 0) {
        return filter_build_boxd(0, ret_fd, e);
    }
    if (strcmp(whose, "maker") == 0 || strcmp(whose, "taps") == 0) {
        return filter_build_maker(whose[0] == 't', ret_fd, e);
    }
    return filter_build(0, ret_fd, e);
}

int main(int argc, char **argv)
{
    struct err e = {0};
    struct buf code = {0};
    int fd = -1;
    if (build(argc > 1 ? argv[1] : "", &fd, &e) < 0 ||
        fd_read_all(fd, FILTER_BYTES_MAX, &code, &e) < 0 ||
        fd_write_all(1, code.data, code.len, &e) < 0) {
        fprintf(stderr, "print_filter: %s\n", e.text);
        return EXIT_FAILURE;
    }
    buf_done(&code);
    return EXIT_SUCCESS;
}
