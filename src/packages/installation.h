#pragma once
/*
 * installation - one recipe being installed: what the kinds of installers share, and install.c,
 * which calls them in turn.
 *
 *   plan     says what would be got and how large it is; downloads nothing but indexes
 *   install  adds to the stage's tree
 *
 * An installer changes nothing but the stage, the cache and its own state (apt/), so that one which
 * is killed leaves nothing but these; it may be called again at once.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "packages/manifest.h"

struct config;
struct err;
struct fetcher;
struct preparation;
struct progress;
struct recipe;
struct recipes;
struct stage;
struct package_store;
struct workshop;

struct installation {
    const struct config *config; /* packages.*: mirrors and indexes */
    const struct recipes *recipes;
    const struct recipe *recipe;
    const char *suite;      /* the Debian release that all below it is of */
    char *const *libraries; /* --with; NULL: none */
    struct package_store *store;
    struct workshop *workshop;
    struct fetcher *fetcher;
    struct progress *progress;
    /* What it stands on, installed before: layers of its base and of what recipe->install.on names,
     * top first. */
    uint32_t *layers;
    size_t layer_count;
    struct stage *stage;                   /* install: its own layer */
    const struct preparation *preparation; /* what makes it fast; NULL: nothing */
    /* plan: what is not there yet. */
    uint64_t download_bytes, disk_bytes;
    const char *planned_below; /* dpkg status of what it would stand on and is not there */
    bool planned_wanted;       /* something else may stand on it */
    struct buf planned;        /* then: that of its own packages */
    char ***counted;           /* downloads that were counted for others; NULL: nothing was */
    /* Both add: what it is made of. */
    struct manifest_part *parts;
    size_t part_count;
};

void installation_add_part(struct installation *in, const char *kind, const char *name,
                           const char *version);
/* plan: false when it was counted before. */
bool installation_count(const struct installation *in, const char *download);
void installation_done(struct installation *in); /* fits AUTO */

struct installer {
    const char *kind; /* "debian" */
    bool (*is_meant)(const struct installation *in);
    int (*plan)(struct installation *in, struct err *e);
    int (*install)(struct installation *in, struct err *e);
};

extern const struct installer installer_debian, installer_npm, installer_own;
extern const struct installer *const installers[]; /* those, in turn; NULL ends it */
