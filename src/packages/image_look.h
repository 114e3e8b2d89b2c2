#pragma once
/*
 * image_look - what layers of the store show together, seen from outside: whiteouts and opaque
 * directories count, links are not followed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct image_look {
    int packages_fd;
    const uint32_t *layers; /* top first */
    size_t count;
};

enum image_kind { IMAGE_NOTHING, IMAGE_FILE, IMAGE_DIR, IMAGE_LINK };

enum image_kind image_kind(const struct image_look *l, const char *path);
/* At most `max` bytes of a small text, with NUL; NULL: there is no such file, or it is larger. */
char *image_text(const struct image_look *l, const char *path, size_t max, size_t *ret_len);
/* The first `max` names of a directory that recipes could have; NULL: none. */
char **image_names(const struct image_look *l, const char *path, size_t max);
