/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_from DIR PREFIX STRIP BYTES NAMES WHITEOUTS <STREAM: tree_writer by itself, for the tests of
 * archives.  Exit status: the kind of the error, which stderr tells.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "packages/tree_writer.h"

int main(int argc, char **argv)
{
    if (argc != 7) {
        return EXIT_FAILURE;
    }
    AUTO(fd_closep) int dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct tree_writer_options options = {.dir_fd = dir,
                                                .prefix = argv[2],
                                                .strip = (unsigned)atoi(argv[3]),
                                                .max_bytes = strtoull(argv[4], NULL, 10),
                                                .max_inodes = strtoull(argv[5], NULL, 10),
                                                .whiteouts = atoi(argv[6]) != 0};
    struct tree_writer *w = tree_writer_new(&options);
    static char piece[100000];
    struct err e;
    int r = 0;
    for (ssize_t len; r == 0 && (len = read(STDIN_FILENO, piece, sizeof(piece))) > 0;) {
        r = tree_writer_add(w, piece, (size_t)len, &e);
    }
    r = r < 0 ? r : tree_writer_end(w, &e);
    tree_writer_free(w);
    if (r < 0) {
        fprintf(stderr, "%s\n", e.text);
    }
    return -r;
}
