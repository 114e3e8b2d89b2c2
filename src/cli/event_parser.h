#pragma once
/*
 * event_parser - the text/event-stream format
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html), read in pieces of any size.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct event_parser { /* zero-initialise, set the first two */
    /* type: "message" where none was given; data: NUL-ended.  False ends the parsing. */
    bool (*event)(void *ctx, const char *type, const char *data, size_t len);
    void *ctx;
    struct buf last_id; /* of the last whole event: what a reader that comes back sends */
    unsigned retry_ms;  /* how long it waits before; 0: the server has said nothing */
    /* --- for event_parser.c --- */
    struct buf line, type, data, id;
    bool id_given, after_cr;
};

bool event_parser_feed(struct event_parser *p, const char *data, size_t len);
/* The connection is gone, and with it an event that was not whole. */
void event_parser_reset(struct event_parser *p);
void event_parser_done(struct event_parser *p);
