#pragma once
/*
 * fetch - GET of one path of a server, again and again, on the loop: its JSON, or why there is
 * none.
 */
#include <stdbool.h>

#include <jansson.h>

struct client_multi;
struct err;
struct fetch;
struct remote;

/* answer: an object, or NULL with e; only during the call. */
typedef void fetch_fn(void *ctx, const json_t *answer, const struct err *e);

int fetch_new(struct client_multi *multi, const struct remote *remote, const char *path,
              fetch_fn *fn, void *ctx, struct fetch **ret, struct err *e);
/* Does nothing while one is under way.  Never calls fn from inside. */
void fetch_start(struct fetch *f);
void fetch_free(struct fetch *f); /* NULL is fine */
