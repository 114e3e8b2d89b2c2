#pragma once
/*
 * package_book - what can be installed, as the steward tells it: asked once for all who want to
 * know at one time, and kept for moments, as each question costs a process and a look at Piston's
 * index.
 */
#include <jansson.h>

struct api;
struct http_request;
struct package_book;
struct package_wait; /* cancel it before ctx dies */

struct package_book *package_book_new(struct api *api);
void package_book_free(struct package_book *b); /* NULL is fine; who waits is not called */

/* The rows of `belljar pkg available`; NULL: nobody can tell, the log says why.  Never from inside
 * package_book_read; it ends no other wait and forgets nothing. */
typedef void package_book_fn(void *ctx, const json_t *rows);
struct package_wait *package_book_read(struct package_book *b, const struct http_request *by,
                                       package_book_fn *fn, void *ctx);
void package_book_cancel(struct package_wait *w); /* NULL is fine; not after fn was called */
/* Something was installed or removed. */
void package_book_forget(struct package_book *b);
