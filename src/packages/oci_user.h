#pragma once
/*
 * oci_user - the numbers of an image's USER, by the image's own passwd and group.  Pure functions.
 */
#include <stdbool.h>

struct err;

/* No USER, or root's: whatever passwd says. */
bool oci_user_is_root(const char *user);
/*
 * "1000:1000,27": what belljar-unpack --image takes; the caller frees it.  As with Docker, a
 * number that passwd does not know is in group 0, and a group that USER names is the only one.
 */
int oci_user_resolve(const char *user, const char *passwd, const char *group, char **ret,
                     struct err *e);
