#pragma once
/*
 * semver - versions and ranges as npm's `semver` package reads them (node-semver 7 grammar:
 * https://github.com/npm/node-semver#ranges): hyphen, x-ranges, tilde, caret, ||, a leading v or =,
 * and prereleases that match only a comparator with the same major.minor.patch.  Pure functions.
 */
#include <stdbool.h>
#include <stdint.h>

struct semver {
    uint64_t major, minor, patch;
    char prerelease[64]; /* "alpha.7", or "" */
};

bool semver_parse(const char *text, struct semver *ret);
int semver_compare(const struct semver *a, const struct semver *b);
/* False also when the range is not one ("latest", "1.2.3.4"); a blank range is "*". */
bool semver_satisfies(const struct semver *version, const char *range);
bool semver_range_valid(const char *range);
/* A full version from what a tool prints ("5.34", "g++ 12.2.0-14", "1.8.0_292"): missing parts are
 * 0. */
bool semver_coerce(const char *text, struct semver *ret);
void semver_format(const struct semver *v, char *ret, unsigned long size);
