#pragma once
/*
 * stage_without - takes out of a tree what a recipe does not want in its layer.
 */
struct err;

/* Patterns of paths from the top, without the first slash; a `*` also stands for slashes, as with
 * dpkg.  What is below a directory that matches goes with it.  The tree may be a stranger's. */
int stage_without(int tree_fd, char *const *patterns, struct err *e);
