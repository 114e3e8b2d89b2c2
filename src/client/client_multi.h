#pragma once
/*
 * client_multi - libcurl's multi interface on our loop: transfers go on while their sockets and
 * libcurl's one timer are watched.
 */
#include <curl/curl.h>

struct client_multi;
struct err;
struct log;
struct loop;

/* A transfer has ended; the multi has let go of it.  Transfers may be added and removed. */
typedef void client_multi_fn(void *ctx, CURLcode code);

int client_multi_new(struct loop *loop, const struct log *log, struct client_multi **ret,
                     struct err *e);
void client_multi_free(struct client_multi *m); /* without transfers; NULL is fine */
/* fn(ctx) is never called from inside.  Uses CURLOPT_PRIVATE. */
struct client_transfer { /* embedded */
    CURL *easy;
    client_multi_fn *fn;
    void *ctx;
};
int client_multi_add(struct client_multi *m, struct client_transfer *t, struct err *e);
void client_multi_remove(struct client_multi *m, struct client_transfer *t);
