#pragma once
/*
 * downloads - what was downloaded, and apt's own form of its indexes, which it makes again: removed
 * when all is installed.
 *
 * What an installation may be at is left: apt's archives while their lock is held, and, while there
 * is a fetcher, files of the cache that are younger than DOWNLOAD_BUSY_S.
 */
#include <stdint.h>

#define DOWNLOAD_BUSY_S 3600

struct clock;
struct err;

/* *ret_bytes grows by what became free; bytes that are still a layer's, by another name, do not
 * count. */
int downloads_remove(int packages_fd, const struct clock *clock, uint64_t *ret_bytes,
                     struct err *e);
