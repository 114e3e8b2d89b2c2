#pragma once
/*
 * apt_versions - which versions of packages the sources of a release have now.  Pure functions.
 */
#include <stdbool.h>
#include <stddef.h>

struct apt_version {
    char *package, *version;
    bool security; /* it is among the release's security updates */
};

struct apt_versions {
    struct apt_version *all;
    size_t count;
};

/* Of "apt-cache madison"; backports are left out, nobody is moved there. */
void apt_versions_parse(const char *text, struct apt_versions *ret);
void apt_versions_done(struct apt_versions *v); /* frees and zeroes; fits AUTO */
/* The highest one that is higher than `installed`; NULL: none.  *ret_security: it, or one between
 * the two, closes a hole. */
const struct apt_version *apt_versions_newer(const struct apt_versions *v, const char *package,
                                             const char *installed, bool *ret_security);
/* Less than, equal to or greater than 0, as Debian orders versions (deb-version(7)). */
int debian_version_compare(const char *a, const char *b);
