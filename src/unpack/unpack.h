#pragma once
/*
 * unpack - what an archive of strangers holds, as a boxarchive stream.
 *
 * Any tar (also compressed: gzip, bzip2, xz, zstd), zip, or Debian package, whose data.tar (or
 * control.tar) is meant.  All of it or an error: a name with ".." in it, a device, an entry that
 * the stream cannot tell.  Leading slashes and "." are dropped; owners, times, setuid bits and
 * extended attributes are left out.  How much may come is for who reads it to say (tree_writer).
 */
#include <stdbool.h>

#include "boxproto/boxarchive.h"

struct err;
struct image_user;

#define UNPACK_ONLY_MAX 4

struct unpack_options {
    bool deb_control;  /* of a Debian package: control.tar */
    bool skip_special; /* devices, fifos and sockets are left out */
    /* A layer of an image: modes are what this user may do; what it may not read, and what is
     * special, become whiteouts (".wh.NAME", as in the layer itself).  NULL: no layer. */
    struct image_user *image_user;
    const char *only[UNPACK_ONLY_MAX]; /* nothing but these files; NULL behind the last: all */
};

int unpack(int in_fd, int out_fd, const struct unpack_options *options, struct err *e);

/*
 * The path of the stream that an entry's name means; "" for the top itself.  ERR_INVALID when it
 * leads out or is too long.  Pure.
 */
int unpack_path(const char *name, char ret[BOXARCHIVE_PATH_MAX + 1], struct err *e);
