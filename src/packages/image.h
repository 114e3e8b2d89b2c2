#pragma once
/*
 * image - OCI images as runtimes: what an archive holds becomes layers of the store, and how its
 * language is run is said by who imports it, or by the image itself.
 *
 * In the store the image NAME is "image/NAME"; one that holds several of Piston's packages is
 * "image/NAME#LANGUAGE-VERSION" for each.  May be called again after any failure, and while others
 * do; what is half made is a stage, which the next one who opens the store removes.
 */
#include <stddef.h>
#include <stdint.h>

#include "packages/installation.h"

struct oci_image;

#define IMAGE_SOURCE     "image"
#define IMAGE_ID_PREFIX  "image/"
#define IMAGE_LAYERS_MAX 24 /* so many of a root's are an image's; those above are made one */

/* What the user says about it; NULL: the image is asked. */
struct image_choice {
    const char *reference; /* which image of an archive with several */
    const char *origin;    /* where it was got, for one that has no name itself */
    const char *language, *version, *compile, *run;
    char *const *aliases, *const *extensions;
    const char *recipe; /* the text of a recipe, instead of all others */
    size_t recipe_len;
};

struct image_import {
    const struct config *config;
    const struct recipes *recipes;
    struct package_store *store;
    struct workshop *workshop;
    struct progress *progress; /* may be NULL */
    const char *name;          /* NAME */
    struct image_choice choice;
};

/* 0 when it may be the NAME of an image. */
int image_name_check(const char *name, struct err *e);
/* The archive: a file, or the directory that was made of one.  *ret_ids: of the runtimes that it
 * is now, NULL-ended; the caller's. */
int image_import(const struct image_import *i, int source_fd, char ***ret_ids, struct err *e);
/* One more runtime of another's layers and commands: choice's language, version and aliases take
 * the place of those that it has. */
int image_derive(const struct image_import *i, const struct manifest *from, char ***ret_ids,
                 struct err *e);
/* Which of the store's runtimes the image NAME is; none is NULL.  The caller's. */
char **image_ids(const struct package_store *s, const char *name);
/* ERR_NOT_FOUND; ERR_BUSY when something stands on it.  *ret_left: layers that are in use. */
int image_remove(struct package_store *s, const char *name, uint64_t *ret_bytes, unsigned *ret_left,
                 struct err *e);

/* --- what the files image_*.c share --------------------------------------------------------- */

/* The archive's directory, in a stage when it was a file.  *ret_stage needs stage_done. */
int image_archive_open(const struct image_import *i, int source_fd, struct stage *ret_stage,
                       int *ret_dir, struct err *e);
/* Top first; they stay held. */
int image_layers_make(const struct image_import *i, int dir_fd, const struct oci_image *image,
                      uint32_t **ret, size_t *ret_count, struct err *e);

/* The recipes by which it runs, each of the id that its manifest gets. */
struct image_look;
struct image_recipes {
    struct recipe **all;
    size_t count;
};
int image_recipes_make(const struct image_import *i, const struct oci_image *image,
                       const struct image_look *look, struct image_recipes *ret, struct err *e);
void image_recipes_done(struct image_recipes *r);
