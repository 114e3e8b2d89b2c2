#pragma once
/*
 * tree_place - files, directories and links put below one directory, for tree_writer.
 *
 * No link is followed, and nothing is written through a name that is there: what comes later takes
 * the place of what was there before, except that a directory with something in it stays.  What is
 * made belongs to the caller, who may read and change it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

struct tree_place {
    int top_fd;                  /* not taken */
    uint64_t inodes, max_inodes; /* names are counted, those that only paths imply too */
    int dir_fd;                  /* of the last name: the next one is mostly beside it; or -1 */
    char *dir_path;
};

void tree_place_init(struct tree_place *t, int top_fd, uint64_t max_inodes);
void tree_place_done(struct tree_place *t);

/* `path` is as boxarchive_check_path wants it. */
int tree_place_file(struct tree_place *t, const char *path, mode_t mode, int *ret_fd,
                    struct err *e);
int tree_place_dir(struct tree_place *t, const char *path, mode_t mode, struct err *e);
int tree_place_link(struct tree_place *t, const char *path, const char *target, struct err *e);
/* `old` is a file that is there. */
int tree_place_hard_link(struct tree_place *t, const char *path, const char *old, struct err *e);
/* overlayfs' marks: there is nothing at `path`; what lower layers have in this directory ("": the
 * top) is not seen. */
int tree_place_whiteout(struct tree_place *t, const char *path, struct err *e);
int tree_place_opaque(struct tree_place *t, const char *path, struct err *e);
