#pragma once
/*
 * layer_clear - removes a tree that strangers may have filled: of any depth, with directories that
 * have no permissions.  Like base/tree.h it goes by descriptors of directories only, follows no
 * link and enters no other mount.
 */
#include <stdint.h>

struct err;

/* `name` is one component below `dir_fd`; nobody writes there meanwhile.  What is not there is
 * fine. */
int layer_clear(int dir_fd, const char *name, struct err *e);
/* *ret_bytes grows by what the file system gets back: of a file that has other names, nothing. */
int layer_clear_counted(int dir_fd, const char *name, uint64_t *ret_bytes, struct err *e);
