#pragma once
/*
 * piston_index - an index of Piston packages: lines "name,version,sha256,url".
 *
 * A line that cannot be read is told and left out; the others are there.  Pure.
 */
#include <stddef.h>

#include "model/semver.h"

struct err;

struct piston_entry {
    char *name; /* fit for a directory: "python" */
    char *text; /* its version as it is written */
    struct semver version;
    char *digest; /* "sha256-..." */
    char *url;
};

struct piston_index {
    struct piston_entry *entries; /* in the order of the file */
    size_t count;
};

typedef void piston_index_say_fn(void *ctx, const struct err *e);
/* `say` gets an error for each bad line, which names it. */
struct piston_index *piston_index_parse(const char *text, size_t len, piston_index_say_fn *say,
                                        void *ctx);
void piston_index_free(struct piston_index *index); /* NULL is fine */
/* The highest version within the range; NULL. */
const struct piston_entry *piston_index_find(const struct piston_index *index, const char *name,
                                             const char *range);
/* A name or version of a package may be that of a directory. */
int piston_name_check(const char *what, const char *name, struct err *e);
