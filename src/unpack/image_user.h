#pragma once
/*
 * image_user - what the user of an OCI image may do with the files of a layer.
 *
 * A layer of the store has no owners: all programs are one user and nothing can be written to.  So
 * whatever the image's user may read or execute everybody may, and what it may not is hidden: the
 * name becomes a whiteout, a directory an empty one.  Pure but for memory.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_GROUPS_MAX 64

struct err;

struct image_user {
    int64_t uid;
    int64_t groups[IMAGE_GROUPS_MAX]; /* the first is that of passwd */
    size_t group_count;
    char **hidden; /* names that were left out */
    size_t hidden_count, hidden_cap;
};

/* "1000:1000,27": a number, then one group or more. */
int image_user_parse(const char *text, struct image_user *ret, struct err *e);
void image_user_done(struct image_user *u);

/* The permission bits that it has as read 4, write 2, execute 1; root's as capabilities make them.
 */
unsigned image_user_may(const struct image_user *u, int64_t uid, int64_t gid, unsigned mode);

void image_user_hide(struct image_user *u, const char *path);
/* The path itself or a directory above it was hidden. */
bool image_user_hides(const struct image_user *u, const char *path);
