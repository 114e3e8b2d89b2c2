#pragma once
/*
 * offers - the recipes whose tools this host has: made by one look at the file system, without
 * running anything.  Versions come later, one tool at a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "model/runtime.h"
#include "model/semver.h"
#include "runtimes/host_tool.h"

struct recipe;
struct host_view;
struct installed;

enum tool_state { TOOL_UNKNOWN, TOOL_QUEUED, TOOL_KNOWN, TOOL_FAILED };

/* A program that says its version; one for all recipes that are about it. */
struct tool {
    struct host_tool file;
    const struct recipe *recipe; /* says how it is asked; that of an offer */
    enum tool_state state;
    struct semver version;
    uint64_t failed_ns; /* CLOCK_MONOTONIC */
    unsigned attempts;
    /* The asker's: */
    struct list queue;
    struct asker *asker;
    struct version_ask *ask;
};

struct offer {
    struct recipe *recipe; /* counted */
    struct tool *tool;
    struct runtime *runtime; /* its version is set when the tool's is known */
    bool usable;             /* known, and of a version that the recipe is for */
};

struct offer_set {
    struct tool **tools;
    size_t tool_count;
    struct offer *offers; /* in the order of the recipes */
    size_t offer_count;
};

/* `prepared_fd`: as in host_runtime_new; `packages_fd`: of the package store, or -1. */
void offers_scan(const struct host_view *view, int prepared_fd, int packages_fd,
                 struct offer_set *ret);
void offers_done(struct offer_set *c);

/* Sets the version of a tool and completes the runtimes that go by it. */
void offers_learn(struct offer_set *c, struct tool *tool, const struct semver *version);
/* May this be what `name` means?  Surely only when the version is known. */
bool offer_may_be(const struct offer *o, const char *name);
/* The highest version of `name` within `range`, of those that are known; NULL when there is none.
 */
const struct offer *offers_best(const struct offer_set *c, enum runtime_known known,
                                const char *name, const char *range);
/* All that are known and listed, of the host and installed, sorted by language, version and
 * package; *ret (the caller frees it) has no references. */
size_t offers_all(const struct offer_set *c, const struct installed *installed,
                  struct runtime ***ret);
