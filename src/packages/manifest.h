#pragma once
/*
 * manifest - one installed runtime: the recipe by which it was made, and what came of it; the file
 * manifest.toml of its directory in the store.  Plain data; pure functions.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct recipe;

#define MANIFEST_LAYERS_MAX 64

struct manifest_part {
    char *kind;    /* "debian", "npm", "own", "piston", "image" */
    char *name;    /* "ruby3.1" */
    char *version; /* as its source writes it: "3.1.2-7+deb12u1" */
};

struct manifest {
    char *id; /* of the recipe: "ruby/3.1" */
    struct recipe *recipe;
    /* As recipe_write wrote it then: the file has it whole, and `recipe` is made from it.  To be
     * written it may be NULL: then `recipe` is written. */
    char *recipe_text;
    char *version;    /* full SemVer, as the runtime itself says it */
    char *tool;       /* the path of {tool} in its boxes; NULL: the recipe has none */
    char *source;     /* "debian", "npm", "own", "piston", "image" */
    uint32_t *layers; /* top first */
    size_t layer_count;
    size_t own_layer_count; /* so many of them were made for it; the others are its parts' */
    struct manifest_part *parts;
    size_t part_count;
    char **libraries;    /* added with --with */
    int64_t installed_s; /* Unix time */
    bool pinned;         /* upgrade leaves it */
    bool hidden;         /* a part: others stand on it, it runs nothing itself */
};

int manifest_parse(const char *name, const char *text, size_t len, struct manifest **ret,
                   struct err *e);
/* Likewise without `recipe`: NULL.  Who only asks for layers need not understand it. */
int manifest_parse_bare(const char *name, const char *text, size_t len, struct manifest **ret,
                        struct err *e);
void manifest_write(const struct manifest *m, struct buf *ret);
void manifest_free(struct manifest *m); /* NULL is fine */
