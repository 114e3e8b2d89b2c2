#pragma once
/*
 * tree_writer - puts a boxarchive stream from a box into a directory: the only code of ours that
 * writes what strangers have packed.
 *
 * Everything is opened beneath the directory and no link is followed (openat2); names, types and
 * sizes are checked; bytes and inodes are counted against the limits, so a bomb ends with
 * ERR_LIMIT.  A link's target is data: it may say anything.  As with tar, what comes later takes
 * the place of what was there before; a path through a link, a file where a directory with files
 * is, and a hard link to what this stream did not write are errors, after which the writer takes
 * no more.  Not synced: store_commit does that.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct tree_writer;

struct tree_writer_options {
    int dir_fd;         /* not taken */
    const char *prefix; /* what each path is put below: "opt/piston"; "": nothing */
    unsigned strip;     /* leading components of each path that are left out */
    uint64_t max_bytes, max_inodes;
    /* ".wh.NAME" and ".wh..wh..opq" of OCI layers become what overlayfs goes by; else they are
     * files.  A path that `strip` leaves nothing of is left out. */
    bool whiteouts;
};

struct tree_writer *tree_writer_new(const struct tree_writer_options *options);
void tree_writer_free(struct tree_writer *w); /* NULL is fine */
/* Any piece of the stream. */
int tree_writer_add(struct tree_writer *w, const void *data, size_t len, struct err *e);
/* ERR_INVALID when the stream was cut. */
int tree_writer_end(struct tree_writer *w, struct err *e);
/* What was taken of the limits. */
uint64_t tree_writer_bytes(const struct tree_writer *w);
uint64_t tree_writer_inodes(const struct tree_writer *w);
