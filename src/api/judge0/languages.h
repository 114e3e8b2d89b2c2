#pragma once
/*
 * languages - Judge0's language ids (languages.def), and the installed runtime that each means:
 * the nearest in its version of those whose recipes have the id.
 */
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct runtime;
struct runtimes;

enum judge0_flavour { FLAVOUR_CE, FLAVOUR_EXTRA }; /* judge0.flavour, in the order of its words */

struct judge0_language {
    int id;
    const char *name;  /* Judge0's: "Python (3.8.1)" */
    const char *label; /* without the version: "Python" */
    bool archived;
    const char *source_file; /* "script.py"; NULL: 89 */
    const char *builtin;     /* of runtimes_builtin; NULL: recipes say what runs it */
};

/* NULL: no such id in this flavour. */
const struct judge0_language *judge0_language(enum judge0_flavour flavour, int id);

/* What runs it now, a new reference; as runtimes_peek_judge0. */
struct runtime *judge0_language_peek(struct runtimes *runtimes, enum judge0_flavour flavour,
                                     const struct judge0_language *row, const char **ret_unknown);

/* A look at what can run now: valid during the callback that gives it. */
struct judge0_language_set;
typedef void judge0_languages_fn(void *ctx, const struct judge0_language_set *set);
struct judge0_languages_wait;
/*
 * Calls fn from inside, and returns NULL, when all versions are known already (that costs next to
 * nothing: what was found is kept with the runtimes); else fn is called later.
 */
struct judge0_languages_wait *judge0_languages_look(struct runtimes *runtimes,
                                                    enum judge0_flavour flavour,
                                                    judge0_languages_fn *fn, void *ctx);
void judge0_languages_cancel(struct judge0_languages_wait *w); /* NULL is fine */

enum judge0_language_state {
    LANGUAGE_UNKNOWN,
    LANGUAGE_ARCHIVED,
    LANGUAGE_MISSING,
    LANGUAGE_READY
};
enum judge0_language_state judge0_language_state(const struct judge0_language_set *set, int id);
/* With the version of the runtime that it means, when that is there: "Python (3.11.2)". */
void judge0_language_name(const struct judge0_language_set *set, int id, char *ret, size_t size);
/* What makes it run, for whoever asked for one that is missing. */
void judge0_language_remedy(const struct judge0_language_set *set, int id, struct buf *ret);
/* NULL when it cannot run here; a caller that keeps it takes a reference. */
struct runtime *judge0_language_runtime(const struct judge0_language_set *set, int id);
bool judge0_language_is_compiled(const struct judge0_language_set *set, int id); /* not 89 */
/* All of the flavour, by id; count of them. */
const struct judge0_language *judge0_languages_all(const struct judge0_language_set *set,
                                                   size_t *ret_count);
