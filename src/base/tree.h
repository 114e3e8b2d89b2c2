#pragma once
/*
 * tree - a directory with all that is below it, removed.
 *
 * Through directory descriptors only: a path is never joined, a symbolic link is removed and not
 * followed, another file system is not entered.  For trees that we made ourselves and nobody else
 * writes to.
 */
struct err;

/* `name` is one component below `dir_fd`.  What is not there is fine. */
int tree_remove(int dir_fd, const char *name, struct err *e);
