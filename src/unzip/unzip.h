#pragma once
/*
 * unzip - what a zip archive holds, put below the current directory.
 *
 * For archives of strangers.  Nothing that is there is overwritten or changed (as with unzip -n);
 * a name's "..", "." and leading slashes are dropped, as Info-ZIP does; links are made last, and
 * only those that lead no way but down from where the archive is unpacked, so that no name passes
 * through one; devices, pipes, owners, setuid bits and times are left out.  What counts is what is
 * really written, whatever the archive's headers say.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct unzip_limits {
    uint64_t bytes; /* of all files together, and of the targets of links */
    uint64_t files; /* files, links, and directories, also those that only names imply */
};

struct unzip_report {
    uint64_t skipped; /* entries that could not be unpacked, or not whole */
    struct err first; /* why the first of them could not */
};

/*
 * ERR_LIMIT when it stopped at a limit, or the disk is full: what was whole stays, the file that
 * was cut off is removed.  A broken archive is no failure: what can be read is unpacked.
 */
int unzip(const void *zip, size_t size, const struct unzip_limits *limits, struct unzip_report *ret,
          struct err *e);

#define UNZIP_PATH_MAX 4095
/*
 * The path below the current directory that an entry's name means.  False: nothing is left of it,
 * or it is too long or too deep for what becomes of the files later.  Pure.
 */
bool unzip_path(const char *name, char ret[UNZIP_PATH_MAX + 1]);
/* Whether a link at `path` may have this target.  Pure. */
bool unzip_link_ok(const char *path, const char *target);
