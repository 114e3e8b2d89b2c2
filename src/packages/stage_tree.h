#pragma once
/*
 * stage_tree - what a stage's tree needs so that Debian's tools can work on it, and what does not
 * belong into the layer that it becomes.
 *
 * Layers belong to who installs, and a box writes as another user: a directory of a layer can be
 * written to when the stage has it too, as the box's, and a file that is written in place when the
 * stage has a copy.  Afterwards directories and copies in which nothing changed are taken out.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct err;
struct stage;
struct package_store;

struct stage_tree {
    const struct stage *stage; /* its tree_fd */
    int *layer_fds;            /* top first */
    size_t layer_count;
    uid_t owner;
};

int stage_tree_open(const struct package_store *s, const struct stage *stage,
                    const uint32_t *layers, size_t layer_count, uid_t owner, struct stage_tree *ret,
                    struct err *e);
void stage_tree_close(struct stage_tree *t); /* closes, and changes nothing; fits AUTO */

/* The directories of the layers, and their files that are written in place. */
int stage_tree_fill(const struct stage_tree *t, struct err *e);
/* A text of all layers that have it, `merge` called for each, top first. */
int stage_tree_merged(const struct stage_tree *t, const char *path,
                      void (*merge)(const char *text, struct buf *ret), struct buf *ret,
                      struct err *e);
/* A directory and those above it. */
int stage_tree_folders(const struct stage_tree *t, const char *path, struct err *e);
/* Puts a file of the box's into the tree; its directory is there. */
int stage_tree_put(const struct stage_tree *t, const char *path, const void *data, size_t len,
                   mode_t mode, struct err *e);
/* Files of a package that is replaced by another version: dpkg links to them, which the kernel
 * allows their owner only. */
int stage_tree_own_package(const struct stage_tree *t, const char *package, struct err *e);
/* All that is there becomes the box's. */
int stage_tree_give(const struct stage_tree *t, struct err *e);
/* Gives all of it the time that it will have in a layer: before caches are made that remember it.
 */
int stage_tree_times(const struct stage_tree *t, struct err *e);
/* What is below these paths is taken out, and all that is as in the layers. */
int stage_tree_clean(const struct stage_tree *t, const char *const *paths, struct err *e);
