#pragma once
/*
 * install_below - what a recipe stands on: the base of its Debian release, and the parts that
 * install.on names.
 */
#include <stddef.h>
#include <stdint.h>

struct err;
struct manifest;
struct recipe;
struct recipes;

struct install_below {
    struct manifest **all; /* owned */
    size_t count;
    uint32_t *layers; /* of all of them together, top first, each once, the base last */
    size_t layer_count;
    int *holds; /* descriptors with shared locks */
};

/* The Debian release: its own, or that of the first part that it stands on, or the usual one. */
const char *install_suite(const struct recipes *recipes, const struct recipe *recipe);
/* Ids of the recipes, the base last; none for a base. */
int install_below_ids(const struct recipes *recipes, const struct recipe *recipe, char ***ret,
                      struct err *e);
/* Takes the manifest. */
void install_below_add(struct install_below *b, struct manifest *m);
/* So that nobody collects them meanwhile. */
int install_below_hold(struct install_below *b, int packages_fd, struct err *e);
void install_below_done(struct install_below *b); /* fits AUTO */

void layers_push(uint32_t **layers, size_t *count, uint32_t id); /* on top */
void install_manifest_freep(struct manifest **m);
