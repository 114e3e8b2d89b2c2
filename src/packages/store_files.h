#pragma once
/*
 * store_files - equal files of different layers are one file on the disk: files/<sha256>[x].
 *
 * What is in files/ is a further name (hard link) of a file that layers have, so it takes no room
 * of its own, and one whose only name it is belongs to nobody any more.  Layers are never written
 * to, and all in them has the same owner and time, so that a box cannot tell; it shares the page
 * cache, too.  Within one layer equal files stay apart: its digest tells hard links from copies.
 *
 * A file gets its name in files/ after its content has reached the disk; what was killed in between
 * has only missed to share.
 */
#include <stdint.h>

#include "base/table.h"

struct err;
struct package_store;
struct stage;

/* Smaller ones are many, and hold little. */
#define STORE_FILE_MIN 16384

/* What a layer has that files/ may take or had already. */
struct store_files {
    struct table seen;
    uint64_t shared_bytes; /* that are there for other layers anyway */
};

/* Puts what is there in place of its equals in a tree that is tidy; `scratch_fd`: a directory of
 * ours on the same file system. */
int store_files_take(const struct package_store *s, int scratch_fd, int tree_fd,
                     struct store_files *ret, struct err *e);
/* The tree is a layer now, and on the disk: others may share what it brought. */
void store_files_give(const struct package_store *s, int tree_fd, const struct store_files *f);
void store_files_done(struct store_files *f); /* fits AUTO */

/* Takes away what no layer has any more. */
int store_files_collect(const struct package_store *s, uint64_t *ret_bytes, struct err *e);
/* How much more room the layers would take without it. */
uint64_t store_files_saved(const struct package_store *s);
