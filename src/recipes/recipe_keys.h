#pragma once
/*
 * recipe_keys - the keys of a recipe's file and the fields that they are: a table.
 */
#include <stddef.h>

enum recipe_key_kind {
    KEY_TEXT,
    KEY_BOOL,
    KEY_WORDS,   /* an array of texts */
    KEY_NUMBERS, /* an array of integers from 1 */
    KEY_MS,      /* 1500 or "1.5s" */
    KEY_BYTES,   /* 1048576 or "1M" */
    KEY_COUNT,   /* 64 bits */
    KEY_COUNT_32,
    KEY_LIKE,
};

struct recipe_key {
    const char *name; /* "ask.args" */
    enum recipe_key_kind kind;
    size_t offset; /* of the field in struct recipe */
    /* What is wrong with a text, or an item; NULL: nothing. */
    const char *(*wrong)(const char *text);
};

/* Sorted by name. */
extern const struct recipe_key recipe_keys[];
extern const size_t recipe_key_count;

const struct recipe_key *recipe_key_find(const char *name); /* NULL: there is none */
