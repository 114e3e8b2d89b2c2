#pragma once
/*
 * owned_dir - a directory whose files boxes run as their own tools: it belongs to root or to us,
 * and nobody else may write to it.
 */
#include <stdbool.h>

struct err;

struct owned_dir {
    char *path; /* without links */
    int fd;     /* -1: there is none */
};

/*
 * `make`: when it is not there (its parent is).  `option`: what names another one, for errors.
 * Before host_enter: in a user namespace the owner of a file could not be told.
 */
int owned_dir_open(const char *path, const char *option, bool make, struct owned_dir *ret,
                   struct err *e);
void owned_dir_done(struct owned_dir *d); /* fits AUTO */
