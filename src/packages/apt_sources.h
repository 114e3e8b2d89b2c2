#pragma once
/*
 * apt_sources - where the packages of one Debian release come from: what the host's own sources say
 * of it, else the mirror of the configuration.  Pure functions of texts.
 *
 * Entries that ask apt to skip the check of signatures are left out.
 */
#include <stdbool.h>

struct buf;

enum apt_part { APT_RELEASE, APT_UPDATES, APT_SECURITY, APT_BACKPORTS, APT_PARTS };

/* What is wanted, and which of it was found; `text` is a .list file's. */
struct apt_wanted {
    const char *suite;      /* "bookworm" */
    bool wanted[APT_PARTS]; /* bookworm, -updates, -security and -backports */
    bool found[APT_PARTS];
};

/* Lines of a sources.list that are about what is wanted. */
void apt_sources_list(struct apt_wanted *w, const char *text, struct buf *ret);
/* Likewise, of a .sources file: stanzas, with only the suites that are wanted. */
void apt_sources_deb822(struct apt_wanted *w, const char *text, struct buf *ret);
/* A stanza for each that is wanted and was not found.  security_mirror: "" for none. */
void apt_sources_mirror(struct apt_wanted *w, const char *mirror, const char *security_mirror,
                        const char *keyring, struct buf *ret);
/* apt does not download what a file: URI names; by copy: it does. */
void apt_sources_copied(struct buf *text);
/* "bookworm-backports" */
char *apt_part_suite(const char *suite, enum apt_part part);
