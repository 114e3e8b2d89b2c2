#pragma once
/*
 * events - an execution on a server as it goes on: GET /api/v1/executions/{id}/events (Server-Sent
 * Events).  A connection that breaks is made again, from the last event on.  Blocking.
 */
#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct err;
struct remote;

struct events_watcher { /* each may be NULL */
    /* Bytes that the program (or its compiler) has written; false: the watcher has seen enough. */
    bool (*output)(void *ctx, const char *stage, bool to_stderr, const char *data, size_t len);
    /* Of what is neither output nor the end: "stage", "test" ... */
    bool (*event)(void *ctx, const char *type, const json_t *data);
    void *ctx;
};

/*
 * Until the execution is over.  *ret_execution: the whole of it, as GET gives it; NULL when the
 * watcher had seen enough.
 */
int events_watch(const struct remote *remote, const char *id, const struct events_watcher *watcher,
                 json_t **ret_execution, struct err *e);
/* *execution, which may still go on, becomes what it is when it is over. */
int events_wait(const struct remote *remote, json_t **execution, struct err *e);
