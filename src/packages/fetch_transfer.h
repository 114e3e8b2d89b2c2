#pragma once
/*
 * fetch_transfer - one URL on its way to a file or a text: a libcurl handle, tried again as long as
 * that may help.
 */
#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "packages/fetch_file.h"

struct buf;

struct fetch_transfer {
    const char *url; /* not taken */
    uint64_t max_bytes;
    struct buf *text; /* where it goes; NULL: the file */
    bool hurried;     /* one try, and that a short one */
    struct fetch_digest digest;
    struct fetch_file file;
    CURL *easy; /* NULL: it has ended */
    char curl_error[CURL_ERROR_SIZE];
    uint64_t begun_at;      /* bytes that were there when this try began */
    bool under_way;         /* the multi handle has it */
    bool heard;             /* some of the body */
    unsigned tries;         /* that brought nothing */
    uint64_t not_before_ns; /* CLOCK_MONOTONIC: the next try */
    struct err failure;     /* of our own, in a callback */
};

int fetch_transfer_init(struct fetch_transfer *t, struct err *e);
void fetch_transfer_done(struct fetch_transfer *t);
/* Before each try: adds what the handle must know of what is there already. */
void fetch_transfer_begin(struct fetch_transfer *t);
/*
 * Judges a try that has ended.  0: it is there; 1: try again, not before t->not_before_ns; else the
 * error, which names the URL.
 */
int fetch_transfer_end(struct fetch_transfer *t, CURLcode code, struct err *e);
uint64_t fetch_transfer_have(const struct fetch_transfer *t);
