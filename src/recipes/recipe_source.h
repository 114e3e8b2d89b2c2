#pragma once
/*
 * recipe_source - the files that recipes are read from: one list of those in this program and those
 * in the operator's directory.
 */
#include <stdbool.h>
#include <stddef.h>

struct err;

/* One recipe, before it is read. */
struct recipe_source {
    char *id;
    const char *text;
    size_t len;
    const char *lock; /* NULL: it has none */
    size_t lock_len;
    char *own_text, *own_lock;            /* the texts above, when they are the operator's */
    const struct recipe_source *replaces; /* the built-in one with the same id; NULL */
};

struct recipe_sources {
    struct recipe_source *all; /* sorted by id */
    size_t count;
    struct recipe_source *replaced; /* those that are not in `all` any more */
    size_t replaced_count;
    const char *sets; /* the text of sets.toml */
};

typedef void recipe_source_say_fn(void *ctx, const struct err *e);
void recipe_sources_init(struct recipe_sources *s, const char *own_dir, recipe_source_say_fn *say,
                         void *ctx);
void recipe_sources_done(struct recipe_sources *s);
