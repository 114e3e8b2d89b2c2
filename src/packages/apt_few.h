#pragma once
/*
 * apt_few - the few packages of an index that matter to what is asked: few/ of a suite, lists as
 * apt has them, of some thousand packages in place of sixty thousand.
 *
 * Each answer of apt's takes a walk through all packages that it knows.  What it decides depends on
 * those alone that can be reached: by name, by all alternatives of a dependency, and by all that
 * provide one of these; these are here with all their versions, in the order of the index, and
 * what is not installed and not here could not be chosen.  Signatures were checked when the index
 * was got.
 *
 * The suite's lock is the caller's.
 */
#include <stdbool.h>

struct err;

#define APT_FEW       "few"
#define APT_FEW_CACHE "few.bin" /* of apt's, in cache/ */

/* From lists/.  `names`: packages, also with a release or a version behind them
 * ("golang-1.23-go/bookworm-backports").  ERR_UNSUPPORTED when the index is not plain text. */
int apt_few_make(int suite_fd, char *const *names, struct err *e);
/* All of these, and what they can reach, are in it; or the index is known not to have them. */
bool apt_few_has(int suite_fd, char *const *names);
/* The index becomes another one. */
int apt_few_forget(int suite_fd, struct err *e);
