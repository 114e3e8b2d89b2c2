#pragma once
/*
 * installed - the runtimes of the package store, as they are at this moment.
 *
 * Their layers are held for as long as a runtime lives, also when it is no longer here: who removes
 * one waits for the last job.  What changes in the store is heard of (inotify), and nothing else is
 * looked at.  Loop thread only.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "model/runtime.h"
#include "model/semver.h"

struct log;
struct recipe;

struct installed_one {
    struct runtime *runtime;
    struct semver version;
    struct recipe *recipe; /* counted */
};

struct installed;
/* `packages_fd`: the store's directory, not taken; -1: there is none, and nothing is installed.
 * fn: called from the loop when something was installed or removed. */
struct installed *installed_new(struct loop *loop, int packages_fd, const struct log *log,
                                loop_fn *fn, void *ctx);
void installed_free(struct installed *s); /* NULL is fine */
/*
 * Reads the store again.  What was there before, and may be in spare boxes, is held until
 * installed_forget.
 */
void installed_read(struct installed *s);
void installed_forget(struct installed *s);

/* Valid until installed_read. */
const struct installed_one *installed_all(const struct installed *s, size_t *ret_count);
/* The highest version of `name` within `range`; NULL: there is none. */
const struct installed_one *installed_best(const struct installed *s, enum runtime_known known,
                                           const char *name, const char *range);
