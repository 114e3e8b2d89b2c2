#pragma once
/*
 * wishes - what a request says about packages, as words for the steward: a table names each key.
 *
 * Whether a word is one is the steward's to say.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "api/packages.h"

struct http_request;

enum wish_type {
    WISH_TEXT,
    WISH_LIST, /* of texts; in a query with commas between them */
    WISH_FLAG,
};

struct wish {
    const char *key;
    enum wish_type type;
    enum steward_word_kind kind;
    bool needed;
};

struct wishes {
    struct packages_word *words;
    size_t count;
    json_t *errors; /* [{"path","message"}] */
    char **texts;   /* the words' own */
};

void wishes_of_body(struct wishes *w, const struct wish *table, size_t count, const json_t *body);
void wishes_of_query(struct wishes *w, const struct wish *table, size_t count,
                     const struct http_request *r);
void wishes_done(struct wishes *w); /* zeroed is fine; fits AUTO */
