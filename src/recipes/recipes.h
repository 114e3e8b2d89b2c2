#pragma once
/*
 * recipes - all that are known: those in this program (runtimes/ of the source tree), and those
 * of a directory of the operator's own, which take the place of one with the same id.
 *
 * Read on demand, once.  Any thread, one at a time.
 */
#include <stddef.h>

struct err;
struct recipe;
struct semver;

struct recipes;

/* `own_dir`: <data>/packages/recipes, or NULL.  A file of it that cannot be read is an error that
 * names it; `say` gets it (and the others are there). */
struct recipes *recipes_new(const char *own_dir, void (*say)(void *ctx, const struct err *e),
                            void *ctx);
void recipes_free(struct recipes *r); /* NULL is fine */
/* Sorted by language, then version, highest first. */
const struct recipe *const *recipes_all(const struct recipes *r, size_t *ret_count);
const struct recipe *recipes_by_id(const struct recipes *r, const char *id);
/*
 * What a user may write: an id ("python/2.7"), a language or an alias ("python", "py"), a package
 * of Piston's ("gcc", which gives several), each with a range of versions behind '=' or '@'
 * ("python=3.11", "node@22"); or a set ("@core").  *ret (the caller frees it) has the recipes to
 * install: for each language the highest version within the range.
 * ERR_NOT_FOUND says what there is, or what was probably meant.
 */
int recipes_choose(const struct recipes *r, const char *word, const struct recipe ***ret,
                   size_t *ret_count, struct err *e);
/* The lock beside a recipe that is built in or the operator's: package-lock.json of npm; NULL. */
const char *recipes_npm_lock(const struct recipes *r, const struct recipe *recipe, size_t *ret_len);
/* Names of sets, NULL-ended, and what is in one (runtimes/sets.toml). */
const char *const *recipes_sets(const struct recipes *r);
