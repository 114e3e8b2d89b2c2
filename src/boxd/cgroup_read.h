#pragma once
/*
 * cgroup_read - the one reader of the kernel's cgroup files, and the one writer of its files.
 *
 * A file is named in a directory that is held open, or is held open itself.  What it says is either
 * one number or lines of "key number"; everything else, and whatever is longer than such files are,
 * is an error.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* Pure: whether `len` bytes are exactly one decimal number and a newline. */
bool cgroup_parse_number(const char *text, size_t len, uint64_t *ret);
/* Pure: whether they are lines of "key number" and one of them is of `key`. */
bool cgroup_parse_key(const char *text, size_t len, const char *key, uint64_t *ret);

/* `flags`: O_RDONLY, O_WRONLY or O_RDWR. */
int cgroup_open(int dir, const char *file, int flags, int *ret_fd, struct err *e);
/* The number of the line `key`, or with NULL the one that is all; always from the file's start.
 * `file` is its name, for errors. */
int cgroup_read(int fd, const char *file, const char *key, uint64_t *ret, struct err *e);

/* -ERR_BUSY where the kernel says EBUSY. */
/* All of it in one write: that is how the kernel takes it. */
int cgroup_write(int fd, const char *file, const char *text, struct err *e);
int kernel_write(int dir, const char *file, const char *text, struct err *e);
int kernel_write_number(int dir, const char *file, uint64_t number, struct err *e);

bool cgroup_file_exists(int dir, const char *file);
