#pragma once
/*
 * install - one recipe, installed whole: what it stands on first, then its own layer, its version
 * and its hello program, and the manifest at last.
 *
 * May be called again after any failure, and by several processes at once: a recipe is installed by
 * one of them, the others find it there.  What is half made is a stage, which the next one who
 * opens the store removes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct err;
struct fetcher;
struct manifest;
struct preparation;
struct progress;
struct recipe;
struct recipes;
struct package_store;
struct workshop;

struct install {
    const struct config *config;
    const struct recipes *recipes;
    struct package_store *store;
    struct workshop *workshop;
    struct fetcher *fetcher;
    struct progress *progress;
    bool again; /* also when it is there */
    /* What a recipe's `prepare` names; NULL, or NULL for a recipe: nothing is prepared. */
    const struct preparation *(*preparation)(const struct recipe *recipe);
};

/* What would have to be got and kept for all of them together; what is there already is not
 * counted, unless `again`.  An index of Debian that is missing or old is got for it. */
struct install_estimate {
    uint64_t download_bytes;
    uint64_t disk_bytes; /* rather too much: with documentation, which is left out */
    size_t new_count;    /* recipes that would be made: also the parts and bases of those asked */
};

int install_plan(const struct install *i, const struct recipe *const *recipes, size_t count,
                 struct install_estimate *ret, struct err *e);

/* `libraries`: --with; NULL: none.  *ret_made: false when it was there. */
int install_recipe(const struct install *i, const struct recipe *recipe, char *const *libraries,
                   struct manifest **ret, bool *ret_made, struct err *e);
