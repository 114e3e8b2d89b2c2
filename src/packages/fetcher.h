#pragma once
/*
 * fetcher - downloads into the store's cache, several at once, each checked against its digest.
 *
 * A file is there under the name of its digest when it is whole and right; what was interrupted is
 * gone on with (Range), also by a later process.  What a server or the way to it did wrong is tried
 * again a few times.  libcurl: proxies of the environment are used.  Blocks.
 */
#include <stddef.h>
#include <stdint.h>

struct err;
struct progress;

struct fetch_item {
    const char *url;    /* http, https or file */
    const char *digest; /* "sha256-<hex>" or "sha512-<base64>" (npm's word) */
    uint64_t size;      /* 0: not known */
    uint64_t max_bytes; /* it may not be larger; 0: as `size` says, or else FETCH_MAX_BYTES */
};

#define FETCH_MAX_BYTES (UINT64_C(4) << 30)

struct fetcher;
/* cache_fd: not taken.  progress: NULL, or told of the bytes of each fetcher_get. */
struct fetcher *fetcher_new(int cache_fd, struct progress *progress);
void fetcher_free(struct fetcher *f); /* NULL is fine */
/* Somebody waits who can do without: from now on each text is tried once, and for some seconds. */
void fetcher_hurry(struct fetcher *f);
/*
 * All of them, or the first error, which names the URL and says what to do: ERR_INVALID, the bytes
 * are not those of the digest; ERR_LIMIT; ERR_NOT_FOUND; ERR_IO.  What is there already is not
 * asked for.
 */
int fetcher_get(struct fetcher *f, const struct fetch_item *items, size_t count, struct err *e);
/* A small text, for indexes: at most `max` bytes. */
struct buf;
int fetcher_text(struct fetcher *f, const char *url, size_t max, struct buf *ret, struct err *e);
/* Of a file that fetcher_get has got. */
int fetcher_open(const struct fetcher *f, const char *digest, int *ret_fd, struct err *e);
