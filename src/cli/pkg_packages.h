#pragma once
/*
 * pkg_packages - all that is installed or can be, as a list of Piston's packages.
 */
#include <jansson.h>

struct chooser;
struct pkg;
struct pkg_runtimes;

/*
 * As piston_rules.h says, and besides "id" of a recipe or runtime, or "entry", its number in
 * Piston's index.  Without the index, and with a note of why, where that cannot be had.
 */
json_t *pkg_packages(struct pkg *p, struct chooser *chooser, const struct pkg_runtimes *installed);
