#pragma once
/*
 * filter_file - a system call filter as it is handed on: a sealed memfd of struct sock_filter[].
 */
#include <stddef.h>

struct err;

/* A filter has 4096 instructions of 8 bytes at most. */
#define FILTER_FILE_MAX 32768

/* That nobody can change it any more, and that there is something in it. */
int filter_file_check(int fd, struct err *e);
/* For the calling process and all that comes of it, by way of `cap` bytes at `scratch`. */
int filter_file_load(int fd, void *scratch, size_t cap, struct err *e);
