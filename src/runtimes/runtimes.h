#pragma once
/*
 * runtimes - the catalogue: which languages this instance has, found by name and SemVer range.
 *
 * Host runtimes come from recipes (recipes/recipe.h): a recipe is offered when its tools
 * are there.  A tool's version is asked by running it in a box, lazily, several at a time, and is
 * cached by path, inode, mtime and size in <data>/versions.  Loop thread only.
 */
#include <stdbool.h>
#include <stddef.h>

#include "model/runtime.h"

struct err;
struct log;
struct loop;
struct recipes;
struct runtimes;
struct sandbox;
struct semver;

/* `cache_path`: a file, or NULL for no cache on disk.  `prepared_fd`: the directory of what
 * `belljar prepare` makes, which is watched; not taken; -1: there is none.  `packages_fd`:
 * likewise, of the package store.  `sandbox` may be exchanged later (boxd restarted). */
struct runtimes *runtimes_new(struct loop *loop, struct sandbox *sandbox, const char *cache_path,
                              int prepared_fd, int packages_fd, const struct log *log);
/* Before the sandbox is freed, unless that was lost or taken away.  Who waits is not called. */
void runtimes_free(struct runtimes *r);
/* NULL: boxd is away, and who needs a version waits.  Also before a sandbox is freed that was not
 * lost. */
void runtimes_set_sandbox(struct runtimes *r, struct sandbox *sandbox);

/* Called when it is known, never from inside the call that asked.  `found` is NULL when nothing
 * matches. */
typedef void runtimes_found_fn(void *ctx, struct runtime *found);
/* `all`: sorted by language name, then version; valid during the call. */
typedef void runtimes_listed_fn(void *ctx, struct runtime *const *all, size_t count);

struct runtimes_wait; /* cancel it before ctx dies */
struct runtimes_wait *runtimes_find(struct runtimes *r, const char *name, const char *range,
                                    runtimes_found_fn *fn, void *ctx);
struct runtimes_wait *runtimes_list(struct runtimes *r, runtimes_listed_fn *fn, void *ctx);
void runtimes_cancel(struct runtimes_wait *w); /* NULL is fine; not after fn was called */

/* Already known? Then without waiting: a new reference, or NULL when it must be asked for (or is
 * none; *ret_known tells). */
struct runtime *runtimes_peek(struct runtimes *r, const char *name, const char *range,
                              bool *ret_known);
/*
 * What runs Judge0's language `id` (`extra`: of its Extra CE): of those whose recipes name it the
 * one whose version is nearest to `wanted`; a new reference.  NULL with *ret_unknown set: versions
 * of this language must be asked for; else there is none.
 */
struct runtime *runtimes_peek_judge0(struct runtimes *r, bool extra, unsigned id,
                                     const struct semver *wanted, const char **ret_unknown);
/*
 * What needs no language: "text" (prints its file), "executable" (its file is the program),
 * "scripts" (a directory with compile.sh or compile, and run.sh or run).  In no list; a new
 * reference, NULL for another name or where the host lacks cat or bash.
 */
struct runtime *runtimes_builtin(struct runtimes *r, const char *name);
/*
 * Something that its owner made of what is known now; freed as soon as more or other is known.
 * `key` says whose it is.  NULL: there is none (any more).
 */
typedef void runtimes_kept_free_fn(void *value);
void runtimes_keep(struct runtimes *r, const void *key, void *value, runtimes_kept_free_fn *fn);
void *runtimes_kept(struct runtimes *r, const void *key);

/* All recipes, for who asked for what is not there (recipes/advice.h): the operator's own as they
 * were at most a second ago; valid until the next call. */
const struct recipes *runtimes_recipes(struct runtimes *r);

/* Called after what is offered may have changed, never from inside another call; one listener,
 * NULL: none. */
void runtimes_on_change(struct runtimes *r, void (*fn)(void *ctx), void *ctx);
/* Forget versions: the host's packages changed (dpkg's status file is watched; this is what it
 * calls). */
void runtimes_refresh(struct runtimes *r);
/* Something was installed or removed: it counts from now on, not some moments later when that is
 * heard of. */
void runtimes_read_installed(struct runtimes *r);
