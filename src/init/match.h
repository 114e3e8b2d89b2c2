#pragma once
/*
 * match - names to collect: paths in which * and ? stand for any bytes of one name.  Pure.
 */

enum match {
    MATCH_NONE,
    MATCH_ABOVE, /* a directory in which something may match */
    MATCH_ALL,   /* the path itself matches, or lies below one that does */
};

enum match match_path(const char *pattern, const char *path);
/* The best that any of a NULL-ended list gives. */
enum match match_any(char *const *patterns, const char *path);
