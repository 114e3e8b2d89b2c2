#pragma once
/*
 * mounts - the new mount API (all of it is in Linux 5.15), by descriptors.
 *
 * A mount is made detached, with its flags, and then put on a place that is looked up below a
 * directory without following any symbolic link: a layer cannot direct a mount elsewhere.
 */
#include <stddef.h>
#include <sys/mount.h>

struct err;

struct mount_option {
    const char *key;
    const char *value; /* NULL: it has none */
};

/* A new file system; *ret_fd is its detached mount. */
int mount_make(const char *type, const struct mount_option *options, size_t option_count,
               unsigned attributes, int *ret_fd, struct err *e);
/* A detached copy of what is mounted at `path`, and nothing of what is mounted below it. */
int mount_copy(int dir_fd, const char *path, unsigned attributes, int *ret_fd, struct err *e);
/* O_PATH, beneath root_fd, with no link on the way. */
int mount_open(int root_fd, const char *path, unsigned flags, int *ret_fd, struct err *e);
/* Puts a detached mount on `path` below root_fd. */
int mount_attach(int mount_fd, int root_fd, const char *path, struct err *e);
/* mount_copy and mount_attach in one. */
int mount_bind(int from_fd, const char *from, int root_fd, const char *path, unsigned attributes,
               struct err *e);
/* Adds attributes to a mount that is there. */
int mount_restrict(int mount_fd, unsigned attributes, struct err *e);
/* `root_fd`, a mount, becomes the root of this mount namespace; all others go. */
int mount_pivot(int root_fd, struct err *e);
