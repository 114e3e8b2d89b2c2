/* SPDX-License-Identifier: Apache-2.0 */
/*
 * try_filter COMMAND [ARGUMENT...] - runs a command under the filter of a box and nothing else.
 * try_filter --dump                - writes the BPF program to standard output.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/err.h"
#include "filter_load.h"
#include "sandbox/filter.h"

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: try_filter COMMAND [ARGUMENT...]\n");
        return 125;
    }
    struct err e = {0};
    int memfd = -1;
    if (filter_build(0, &memfd, &e) < 0) {
        fprintf(stderr, "try_filter: %s\n", e.text);
        return 125;
    }
    if (strcmp(argv[1], "--dump") == 0) {
        return sendfile(STDOUT_FILENO, memfd, &(off_t){0}, 1 << 20) > 0 ? 0 : 125;
    }
    if (filter_load(memfd) < 0) {
        fprintf(stderr, "try_filter: loading the filter: %m\n");
        return 125;
    }
    execvp(argv[1], &argv[1]);
    fprintf(stderr, "try_filter: %s: %m\n", argv[1]);
    return errno == ENOENT ? 127 : 126;
}
