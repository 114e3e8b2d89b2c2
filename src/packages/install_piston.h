#pragma once
/*
 * install_piston - a package of Piston's, installed whole: the part that its scripts stand on, its
 * own layer, its environment, and a manifest for each language that it provides.
 *
 * As install.h says of recipes, it may be called again after any failure, and by several at once.
 */
#include <stdbool.h>
#include <stddef.h>

struct err;
struct install;
struct manifest;
struct manifest_part;
struct piston_entry;

/* The recipe that has what was in the image for which they were built.  An estimate (install_plan)
 * is its alone: an index tells no sizes. */
#define INSTALL_PISTON_PART "part/piston"

/* *ret (freed with install_piston_free) has one for each language.  *ret_made: false when all were
 * there. */
int install_piston(const struct install *i, const struct piston_entry *entry,
                   struct manifest ***ret, size_t *ret_count, bool *ret_made, struct err *e);
void install_piston_free(struct manifest **all, size_t count);

/* Says which package of Piston's this is of; NULL: of none. */
const struct manifest_part *install_piston_part(const struct manifest *m);
bool install_piston_is_of(const struct manifest *m, const struct piston_entry *entry);
