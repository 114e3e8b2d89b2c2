#pragma once
/*
 * fetch_file - a download on its way into the cache: "<digest>.part" until it is whole and right.
 *
 * Locked while somebody writes to it; who comes meanwhile makes one without a name, so that nobody
 * waits and nobody writes into another's.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* What the bytes must be. */
#define FETCH_NAME_MAX 112
struct fetch_digest {
    const char *hash;          /* "sha256" */
    char name[FETCH_NAME_MAX]; /* of the file in the cache: no '/' is in it */
    char text[FETCH_NAME_MAX]; /* without "sha256-" */
};

/* Of "sha256-<hex>" or "sha512-<base64>". */
int fetch_digest_parse(const char *text, struct fetch_digest *ret, struct err *e);
/* ERR_INVALID tells both digests. */
int fetch_digest_check(const struct fetch_digest *digest, int fd, struct err *e);

struct fetch_file {
    int cache_fd; /* not taken */
    int fd;       /* -1: it is none */
    bool named;
    uint64_t have; /* bytes */
};

/* 1: it is in the cache already, nothing was opened. */
int fetch_file_open(struct fetch_file *f, int cache_fd, const struct fetch_digest *digest,
                    struct err *e);
int fetch_file_add(struct fetch_file *f, const void *data, size_t len, struct err *e);
int fetch_file_restart(struct fetch_file *f, struct err *e);
/* It is whole and right: gives it its name. */
int fetch_file_keep(struct fetch_file *f, const struct fetch_digest *digest, struct err *e);
/* What is there stays for the next time ... */
void fetch_file_close(struct fetch_file *f);
/* ... or does not. */
void fetch_file_drop(struct fetch_file *f, const struct fetch_digest *digest);
