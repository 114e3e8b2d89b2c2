#pragma once
/*
 * layer_opaque - the one extended attribute that a layer has: of a directory that hides those of
 * the same name below it ("opaque", of overlayfs).
 */
#include <stdbool.h>

struct err;

/* `path` is for errors. */
int layer_opaque_get(int dir_fd, const char *path, bool *ret, struct err *e);
int layer_opaque_set(int dir_fd, const char *path, struct err *e);
/*
 * Removes all others of a file or directory.  Refused is what says that contents or names are to
 * be had somewhere else: an overlay with such features has no place in a layer.
 */
int layer_attributes_remove(int fd, const char *path, struct err *e);
