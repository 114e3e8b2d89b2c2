#pragma once
/*
 * pkg_match - which installed runtimes a word means.
 */
#include <stddef.h>

struct err;
struct manifest;
struct pkg;

struct pkg_runtimes {
    struct manifest **all; /* owned, sorted by id */
    size_t count;
};

/* Without a store there are none. */
void pkg_runtimes_read(struct pkg *p, struct pkg_runtimes *ret);
void pkg_runtimes_done(struct pkg_runtimes *r); /* fits AUTO */
const struct manifest *pkg_runtimes_by_id(const struct pkg_runtimes *r, const char *id);

/* What one word without a range means where several versions of a language are there. */
enum pkg_several { PKG_SEVERAL_ALL, PKG_SEVERAL_HIGHEST, PKG_SEVERAL_REFUSED };

/*
 * An id, a language, a package of Piston's or an alias, each with a range behind '=' or '@' if one
 * likes; "@core" is what is there of a set, "@all" all but parts.  Adds to *ret, each once; the
 * vector is the caller's, the manifests stay in `r`.
 */
int pkg_match(const struct pkg *p, const struct pkg_runtimes *r, const char *word,
              enum pkg_several several, const struct manifest ***ret, size_t *ret_count,
              struct err *e);
/* All words. */
int pkg_match_all(const struct pkg *p, const struct pkg_runtimes *r, char *const *words,
                  enum pkg_several several, const struct manifest ***ret, size_t *ret_count,
                  struct err *e);
