#pragma once
/*
 * apt - the host's apt, with lists, cache and state of our own: <packages>/apt/<suite>.
 *
 * It resolves against a list of installed packages that we give it, and downloads; it installs
 * nothing.  What the host has below /var/lib/apt and /var/lib/dpkg is neither read nor changed:
 * in the mount namespace of each of its processes our directory is at /var/lib/apt.  Signatures of
 * indexes and digests of packages are always checked.
 *
 * An index is got when there is none, when the sources changed, when the last one is older than
 * packages.refresh_s, and when a package of it is no longer on the mirror.
 *
 *   apt.conf sources.list.d/   written anew each time
 *   lists/ cache/              indexes, and apt's own form of them
 *   few/ few.names             the few packages of them that are asked about (apt_few.h)
 *   archives/                  .debs
 *   known/                     answers that hold as long as the index
 *   refreshed                  its time is that of the last index, its text the sources then
 *   lock                       held while a struct apt lives: one at a time
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct apt;
struct buf;
struct config;
struct err;
struct progress;

struct apt_deb {
    char *file; /* in archives/: "ruby_1%3a3.1_amd64.deb" */
    char *package, *version;
    char *sha256; /* hexadecimal */
    uint64_t bytes;
    bool is_there;
};

struct apt_plan {
    bool few;     /* apt_few.h was enough */
    char **asked; /* the packages, and what their scripts take for granted */
    struct apt_deb *debs;
    size_t count;
    uint64_t download_bytes; /* of what is not there yet */
    uint64_t disk_bytes;     /* as Debian says; less, without documentation */
};
void apt_plan_done(struct apt_plan *plan); /* frees and zeroes; fits AUTO */

/* Waits for others that use this suite. */
int apt_open(const struct config *config, int packages_fd, const char *suite,
             const struct progress *progress, struct apt **ret, struct err *e);
void apt_close(struct apt *a); /* NULL is fine */
void apt_closep(struct apt **a);

/* What has to be got so that `packages` ("ruby", "golang-1.23-go/bookworm-backports") can be
 * installed on a system with this dpkg status.  `likely`: others that may be asked of this suite,
 * which is quicker then (apt_few.h); NULL: nobody knows. */
int apt_plan(struct apt *a, const char *status, char *const *packages, char *const *likely,
             struct apt_plan *ret, struct err *e);
/* What the index says of them, as the dpkg status of a system that has them. */
int apt_plan_status(struct apt *a, const struct apt_plan *plan, struct buf *ret, struct err *e);
/* All of the plan; afterwards each is there and has its digest. */
int apt_download(struct apt *a, const char *status, struct apt_plan *plan, struct err *e);
/* Puts the files into a directory: as further names of the same files, where that can be. */
int apt_link(const struct apt *a, const struct apt_plan *plan, int dir_fd, struct err *e);

/* Which versions of these packages there are; of some there may be none. */
struct apt_versions;
int apt_look(struct apt *a, char *const *packages, struct apt_versions *ret, struct err *e);
