#pragma once
/*
 * tree_size - how much of the disk a tree takes, also one that changes while it is looked at.
 */
#include <stdint.h>

struct tree_size {
    uint64_t bytes; /* as the file system counts them; of names of one file, each has its share */
    uint64_t names;
};

/* Adds what is below `dir_fd` by that name.  What is gone, closed to us or too deep counts as
 * nothing. */
void tree_size_add(int dir_fd, const char *name, struct tree_size *sum);
