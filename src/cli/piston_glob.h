#pragma once
/*
 * piston_glob - names of packages against the patterns of a spec file: *, ?, [a-z], {a,b}, +(a|b).
 * Pure functions.
 */
#include <stdbool.h>

#define PISTON_GLOB_MAX 255 /* a longer pattern matches nothing */

bool piston_glob_matches(const char *pattern, const char *name);
