#pragma once
/*
 * guard - which request heads are refused, though libmicrohttpd takes them.
 *
 * Two servers in a row that read one request differently can be made to see two requests (request
 * smuggling), so whatever leaves room for a second reading is refused: two
 * Content-Length, Content-Length beside Transfer-Encoding, folded lines, NUL and other
 * control characters.  Pure functions.
 */
#include <stdbool.h>
#include <stddef.h>

#define GUARD_TARGET_MAX 8192
#define GUARD_HEAD_MAX   11264
#define GUARD_FIELDS_MAX 100
/* A head and the list of its fields share the pool of libmicrohttpd (server.c) with the answer's
 * head: what leaves no room for that is too large as well. */
#define GUARD_FIELD_COST 56
#define GUARD_COST_MAX   16000
#define GUARD_TEXT_MAX   200

struct guard_field {
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
};

/*
 * A head as libmicrohttpd left it: slices of the bytes as they arrived, where the blank
 * behind a word, a name's colon and the ends of lines were overwritten by NUL.
 */
struct guard_head {
    const char *method;
    size_t method_len;
    const char *target;    /* as it was sent: a copy */
    const char *target_at; /* where it lay in the head; cut into its parts since */
    size_t target_len;
    const char *version;
    const struct guard_field *fields;
    size_t field_count;
    size_t size; /* from `method` to the first byte of the body */
};

struct guard_refusal {
    unsigned status; /* 0: the head is fine */
    char text[GUARD_TEXT_MAX];
};

struct guard_refusal guard_check(const struct guard_head *head);
/* What the request line alone says; `target` as it was sent. */
bool guard_target_ok(const char *target, size_t len);
