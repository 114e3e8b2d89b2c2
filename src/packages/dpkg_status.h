#pragma once
/*
 * dpkg_status - dpkg's database of what is installed, as a text of stanzas.  Pure functions.
 */
#include <stdbool.h>

struct buf;

/* Adds the stanzas of `text` whose package (of that architecture) is not in *ret yet. */
void dpkg_status_merge(const char *text, struct buf *ret);
/* "PACKAGE VERSION ARCHITECTURE" of each, sorted, whatever else is said of them; the caller frees
 * the vector. */
char **dpkg_status_installed(const char *text);
/* The version of an installed package; NULL: it is not there.  The caller frees it. */
char *dpkg_status_version(const char *text, const char *package);
