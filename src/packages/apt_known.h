#pragma once
/*
 * apt_known - what apt has answered, which holds as long as the index it was answered from.
 *
 * The estimate of an installation asks what the installation itself asks again, and each answer is
 * a third of a second of apt's.  In known/ of a suite, whose lock the caller holds; one file each,
 * named by what it depends on, with a mark at its end: it is not synced.
 */
#include <stdbool.h>

#include "packages/sha256.h"

struct buf;
struct err;

struct apt_key {
    char text[SHA256_CHARS + 1];
};
/* `index`: which one it is.  Of `status` it matters only what is installed in which version. */
struct apt_key apt_known_key(const char *index, const char *status, char *const *argv);

bool apt_known_get(int suite_fd, const struct apt_key *key, struct buf *ret);
int apt_known_put(int suite_fd, const struct apt_key *key, const struct buf *answer, struct err *e);
/* All of them. */
int apt_known_forget(int suite_fd, struct err *e);
