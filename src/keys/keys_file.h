#pragma once
/*
 * keys_file - keys.json as a file, in a directory whose owner handles foreign bytes: no link is
 * followed, and what is written is a new file.
 */
#include <stddef.h>

#include "keys/keys.h"

/* *ret: malloc'd.  ERR_NOT_FOUND when there is no file. */
int keys_file_read(int dir_fd, struct key **ret, size_t *ret_count, struct err *e);
/* Puts another file in its place, which belongs to the directory's owner; on disk when it returns.
 */
int keys_file_write(int dir_fd, const struct key *all, size_t count, struct err *e);
/* Waits until no other command changes it; closing *ret_fd ends that. */
int keys_file_lock(int dir_fd, int *ret_fd, struct err *e);
