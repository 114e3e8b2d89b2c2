#pragma once
/*
 * pkg_packages - all that is installed or can be, as a list of Piston's packages.
 */
#include <jansson.h>

struct chooser;
struct choice;
struct err;
struct pkg;
struct pkg_runtimes;

/*
 * As piston_rules.h says, and besides "id" of a recipe or runtime, or "entry", its number in
 * Piston's index.  Without the index, and with a note of why, where that cannot be had: *ret_why
 * (may be NULL) is the same, its kind 0 where nothing is wrong.
 */
json_t *pkg_packages(struct pkg *p, struct chooser *chooser, const struct pkg_runtimes *installed,
                     struct err *ret_why);
/* One that a word means: with "word", by which just this one is installed, and the "url" of a
 * package of Piston's.  NULL: a part. */
json_t *pkg_package_of(const struct choice *choice, const struct pkg_runtimes *installed);
