#pragma once
/*
 * dir - the entries of a directory, one by one, without "." and "..".
 */
#include <dirent.h>

struct err;

/* A directory itself, not a link to one.  Close it with dir_closep (for AUTO); dirfd(3) is its
 * descriptor. */
int dir_open(int parent_fd, const char *name, DIR **ret, struct err *e);
/* NULL at the end; valid until the next call. */
const struct dirent *dir_next(DIR *dir);
void dir_closep(DIR **dir);
