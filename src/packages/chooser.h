#pragma once
/*
 * chooser - what a word that is to be installed means: recipes, or, where no recipe answers to it,
 * a package of Piston's index, which is got when the first such word comes.
 *
 * Words are those of recipes_choose ("python", "python=3.11", "node@22", "@core"), and
 * "piston:python=3.9.4", which asks the index alone.
 */
#include <stddef.h>

#include "packages/piston_index.h"

struct err;
struct fetcher;
struct recipe;
struct recipes;

struct choice { /* one of them */
    const struct recipe *recipe;
    const struct piston_entry *entry;
};

struct chooser {
    const struct recipes *recipes;
    struct fetcher *fetcher;
    const char *index_url; /* or a path; "": there is none */
    /* Gets an error for each line of the index that cannot be read. */
    piston_index_say_fn *say;
    void *ctx;
    struct piston_index *index; /* NULL: not asked for yet */
};

/*
 * *ret is the caller's (free); what it names lives as long as the recipes and the chooser.
 * ERR_NOT_FOUND: neither has it.  An index that cannot be had is an error of another kind.
 */
int chooser_choose(struct chooser *c, const char *word, struct choice **ret, size_t *ret_count,
                   struct err *e);
/* All of it, for lists; stays the chooser's. */
int chooser_index(struct chooser *c, const struct piston_index **ret, struct err *e);
void chooser_done(struct chooser *c); /* fits AUTO */

/* Piston's way to write it: "python", "3.9.4" become "python=3.9.4".  The caller frees the vector
 * (strv_free). */
char **words_join(char *const *words);
