#pragma once
/*
 * packages - what is asked of the steward (api/steward.h), and the events that come back.
 *
 * For all dialects.  Nothing of it needs a right that this process has not.  Loop thread only; no
 * callback comes from inside a call.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/steward.h"

struct err;
struct http_request;
struct log;
struct loop;
struct packages;     /* the connection; api.packages, NULL: there is nobody to be asked */
struct packages_ask; /* one question, from packages_ask to its `end` */

struct packages_word {
    enum steward_word_kind kind;
    const char *text;
};

struct packages_question {
    enum steward_op op;
    const struct packages_word *words; /* copied */
    size_t word_count;
    uint32_t upload; /* STEWARD_IMAGE_IMPORT */
    /* Who asks: its caller and address are told to the audit log.  Not used after packages_ask. */
    const struct http_request *by;
};

struct packages_events {
    /* A line of progress: {"phase","what","done","total",...}; may be NULL. */
    void (*progress)(void *ctx, const json_t *line);
    /* Once, last: {"end":"ok",...}, or {"end":"error","kind":"not_found","message":"..."}, also
     * when the steward is gone, refuses, or what it started ends without a word. */
    void (*end)(void *ctx, const json_t *line);
    void *ctx;
};

/* `sock` is taken; -1: there is no steward, and every question ends with the error that says so. */
struct packages *packages_new(struct loop *loop, int sock, const struct log *log);
void packages_free(struct packages *p); /* NULL is fine; what is asked has no end then */

struct packages_ask *packages_ask(struct packages *p, const struct packages_question *q,
                                  const struct packages_events *events);
/* Nobody wants to hear of it any more; what was asked for goes on.  NULL is fine; not from `end`,
 * nor after it. */
void packages_forget(struct packages_ask *ask);

/* The error that a last line tells: 0 for "ok", else -kind. */
int packages_error(const json_t *last, struct err *e);
/* Whether the steward never took what was asked. */
bool packages_refused(const json_t *last);

/*
 * A file to write an image to; then ask STEWARD_IMAGE_IMPORT with its number, or drop it.  `ready`
 * comes once: with fd (taken by the callee), or with -1 and what is wrong.  packages_forget may end
 * it before; the file is then dropped.
 */
typedef void packages_ready_fn(void *ctx, uint32_t upload, int fd, const struct err *e);
struct packages_ask *packages_upload(struct packages *p, const struct http_request *by,
                                     packages_ready_fn *ready, void *ctx);
void packages_upload_drop(struct packages *p, uint32_t upload);
