#pragma once
/*
 * version_text - the version in what a tool printed.  A pure function.
 */
#include <stdbool.h>

struct semver;

/*
 * Behind the first `after` (NULL: from the start), the first numbers that have a dot between them,
 * or else the first number.  False when there is none.
 */
bool version_text_find(const char *text, const char *after, struct semver *ret);
