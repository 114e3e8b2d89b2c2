#pragma once
/*
 * oci_blob - the files of an image's archive, below one directory: each is opened so that no link
 * leads out of it, and is what its digest says before anybody reads it.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "packages/sha256.h"

struct err;

#define OCI_SIZE_UNKNOWN UINT64_MAX

struct oci_blob {
    char *path;                    /* below the archive's directory */
    char digest[SHA256_CHARS + 1]; /* "": none is known */
    uint64_t size;
};

void oci_blob_done(struct oci_blob *b);
/* From {"digest": "sha256:...", "size": 1} of an OCI layout. */
int oci_blob_describe(const json_t *descriptor, struct oci_blob *ret, struct err *e);
/* The 64 digits that the last part of a path begins with, or behind "sha256:"; false: it has none.
 */
bool oci_digest_of_name(const char *path, char ret[SHA256_CHARS + 1]);

bool oci_blob_exists(int dir_fd, const char *path);
/* A plain file, at its start.  ERR_INVALID when it is not what the digest says. */
int oci_blob_open(int dir_fd, const struct oci_blob *blob, int *ret_fd, struct err *e);
/* Of all that can be read from it; it is at its start afterwards. */
int oci_blob_digest(int fd, char ret[SHA256_CHARS + 1], struct err *e);
int oci_blob_json(int dir_fd, const struct oci_blob *blob, json_t **ret, struct err *e);
