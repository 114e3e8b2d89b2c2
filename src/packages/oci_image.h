#pragma once
/*
 * oci_image - one image of an archive: an OCI layout (index.json), or what `docker save` writes
 * (manifest.json).  Of an image for several machines, the one for this.
 *
 * Everything in it is a stranger's word; what is a digest has been checked by oci_blob, but for the
 * layers, which are when they are opened.
 */
#include <jansson.h>
#include <stddef.h>

#include "packages/oci_blob.h"

struct err;

#define OCI_LAYERS_MAX 127 /* as many as Docker can use */

struct oci_config {
    char *user, *directory; /* USER, WORKDIR; NULL: none */
    char **env, **entrypoint, **command;
    char *version;   /* its label org.opencontainers.image.version; NULL */
    char **diff_ids; /* digests of the layers as plain tars, the lowest first */
};

struct oci_image {
    struct oci_config config;
    struct oci_blob *layers; /* the lowest first */
    size_t layer_count;
    char *digest; /* of its manifest, or configuration: "sha256:..." */
    char *name;   /* what the archive calls it: "python:3.12-slim"; NULL: nothing */
};

/* `name`: which, of an archive with several; NULL: it has one. */
int oci_image_read(int dir_fd, const char *name, struct oci_image **ret, struct err *e);
void oci_image_free(struct oci_image *image); /* NULL is fine */
void oci_image_freep(struct oci_image **image);

/* Whether a configuration, or a descriptor's platform, is of this machine. */
bool oci_fits_machine(const json_t *platform);
int oci_config_parse(const json_t *json, struct oci_config *ret, struct err *e);

/* The two kinds of archives. */
int oci_layout_read(int dir_fd, const char *name, struct oci_image *ret, struct err *e);
int oci_saved_read(int dir_fd, const char *name, struct oci_image *ret, struct err *e);
