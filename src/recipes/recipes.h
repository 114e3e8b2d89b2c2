#pragma once
/*
 * recipes - all that are known: those in this program (runtimes/ of the source tree), and those
 * of a directory of the operator's own, which take the place of one with the same id (and may be
 * `like` that one).  Recipes for other machines than this are left out.
 *
 * Read on demand, once.  Any thread, one at a time.
 */
#include <stdbool.h>
#include <stddef.h>

struct err;
struct recipe;

struct recipes;

/* `own_dir`: <data>/packages/recipes, or NULL.  A file of it that cannot be read is an error that
 * names it; `say` gets it (and the others are there). */
struct recipes *recipes_new(const char *own_dir, void (*say)(void *ctx, const struct err *e),
                            void *ctx);
/* With those of a package store's directory, -1: there is none.  Nobody hears of what is wrong. */
struct recipes *recipes_new_beside(int packages_fd);
void recipes_free(struct recipes *r);   /* NULL is fine */
void recipes_freep(struct recipes **r); /* for AUTO */
/* Sorted by language, then version, highest first; parts, which have no language, are last. */
const struct recipe *const *recipes_all(const struct recipes *r, size_t *ret_count);
const struct recipe *recipes_by_id(const struct recipes *r, const char *id); /* NULL: none */
/* Of a built-in recipe, or of the operator's own. */
bool recipes_is_own(const struct recipes *r, const char *id);
/*
 * What a user may write: an id ("python/2.7"), a language, a package of Piston's ("gcc", which
 * gives several) or an alias ("py"), each with a range of versions behind '=' or '@'
 * ("python=3.11", "node@22"); or a set ("@core"; "@all" is one recipe of each language that is in
 * lists).  *ret (the caller frees it) has the recipes to install: for each language the highest
 * version within the range, from no package of Piston's where there is one such.
 * ERR_NOT_FOUND says what there is, or what was probably meant.
 */
int recipes_choose(const struct recipes *r, const char *word, const struct recipe ***ret,
                   size_t *ret_count, struct err *e);
/* 0: it is not called so; else the less the nearer: 1 by its id, 2 its language, 3 its package of
 * Piston's, 4 an alias. */
unsigned recipe_called(const struct recipe *r, const char *name);
/* The lock beside a recipe that is built in or the operator's: package-lock.json of npm; NULL. */
const char *recipes_npm_lock(const struct recipes *r, const struct recipe *recipe, size_t *ret_len);

/* runtimes/sets.toml. */
struct recipe_set {
    char *name;   /* "core" */
    char *about;  /* for people */
    char **words; /* as recipes_choose takes them */
};
/* In the file's order. */
const struct recipe_set *recipes_sets(const struct recipes *r, size_t *ret_count);

/* The language that a file with this name is most likely in; NULL: none is known. */
const char *recipes_language_of_file(const struct recipes *r, const char *file_name);
/* The language of whose tools one is called so, as the first line of a script names it. */
const char *recipes_language_of_tool(const struct recipes *r, const char *name);
