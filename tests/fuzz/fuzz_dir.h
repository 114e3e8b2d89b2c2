#pragma once
/*
 * fuzz_dir - an empty directory of a file system in memory, for harnesses that write trees.
 */
#include <stdint.h>

struct fuzz_dir {
    char path[48];
    int fd;         /* of it */
    uint64_t bytes; /* fuzz_dir_look: of all files and link targets */
    uint64_t names; /* but for itself */
};

void fuzz_dir_make(struct fuzz_dir *ret);
/* Counts; no name may have a setuid, setgid or sticky bit, or be anything but a file, a directory,
 * a link or a whiteout. */
void fuzz_dir_look(struct fuzz_dir *d);
void fuzz_dir_remove(struct fuzz_dir *d); /* fits AUTO */
