/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An OCI layout: index.json names manifests, or further indexes, by their digests; a manifest names
 * its configuration and layers.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/oci_image.h"
#include "packages/oci_json.h"

#define DEPTH_MAX     4 /* of indexes in indexes */
#define DOCUMENTS_MAX 256
#define SHOWN         80

static const char *const name_keys[] = {"org.opencontainers.image.ref.name",
                                        "io.containerd.image.name"};

/* Of those of which one is to be found. */
struct search {
    int dir_fd;
    const char *wanted; /* a name; NULL: any */
    unsigned documents;
    json_t *manifest; /* the one that fits */
    char *digest, *name;
    bool several;
    struct buf names; /* of all that fit */
};

static void search_done(struct search *s)
{
    json_decref(s->manifest);
    free(s->digest);
    free(s->name);
    buf_done(&s->names);
}

static const char *name_of(const json_t *descriptor)
{
    const json_t *annotations = json_object_get(descriptor, "annotations");
    const char *name = NULL;
    for (size_t i = 0; i < ARRAY_LEN(name_keys); i++) {
        const char *text = oci_json_text(annotations, name_keys[i]);
        name = text ? text : name;
    }
    return name;
}

static bool is_called(const json_t *descriptor, const char *wanted)
{
    const json_t *annotations = json_object_get(descriptor, "annotations");
    for (size_t i = 0; i < ARRAY_LEN(name_keys); i++) {
        const char *text = oci_json_text(annotations, name_keys[i]);
        if (text && strcmp(text, wanted) == 0) {
            return true;
        }
    }
    return false;
}

/* A statement about another manifest, which builders put beside it. */
static bool is_attestation(const json_t *descriptor)
{
    return oci_json_text(json_object_get(descriptor, "annotations"), "vnd.docker.reference.type");
}

static int config_read(int dir_fd, const json_t *manifest, struct oci_config *ret, struct err *e)
{
    AUTO(oci_blob_done) struct oci_blob blob = {0};
    AUTO(oci_json_freep) json_t *json = NULL;
    int r = oci_blob_describe(json_object_get(manifest, "config"), &blob, e);
    r = r < 0 ? r : oci_blob_json(dir_fd, &blob, &json, e);
    r = r < 0 ? r : oci_config_parse(json, ret, e);
    return r < 0 ? err_wrap(e, "configuration") : 0;
}

static void manifest_take(struct search *s, json_t *manifest, const char *digest, const char *name)
{
    buf_add_fmt(&s->names, "%s%.*s", s->names.len > 0 ? ", " : "", SHOWN, name ? name : digest);
    if (s->manifest) {
        s->several = s->several || strcmp(s->digest, digest) != 0;
        return;
    }
    s->manifest = json_incref(manifest);
    s->digest = xstrdup(digest);
    s->name = xstrdup(name);
}

static int index_search(struct search *s, const json_t *index, const char *name, unsigned depth,
                        struct err *e);

/* `name`: of the index that it is in. */
static int descriptor_search(struct search *s, const json_t *descriptor, const char *name,
                             unsigned depth, struct err *e)
{
    AUTO(oci_blob_done) struct oci_blob blob = {0};
    AUTO(oci_json_freep) json_t *json = NULL;
    const json_t *platform = json_object_get(descriptor, "platform");
    name = name_of(descriptor) ? name_of(descriptor) : name;
    if (is_attestation(descriptor) || (platform && !oci_fits_machine(platform))) {
        return 0;
    }
    if (++s->documents > DOCUMENTS_MAX) {
        return err_set(e, ERR_LIMIT, "more than %d manifests", DOCUMENTS_MAX);
    }
    int r = oci_blob_describe(descriptor, &blob, e);
    r = r < 0 ? r : oci_blob_json(s->dir_fd, &blob, &json, e);
    if (r < 0) {
        return r;
    }
    if (json_is_array(json_object_get(json, "manifests"))) {
        return index_search(s, json, name, depth + 1, e);
    }
    if (!json_is_array(json_object_get(json, "layers"))) {
        return err_set(
            e, ERR_UNSUPPORTED,
            "'%.*s' is a manifest of an old form; save the image again with a newer tool", SHOWN,
            blob.path);
    }
    manifest_take(s, json, blob.digest, name);
    return 0;
}

static int index_search(struct search *s, const json_t *index, const char *name, unsigned depth,
                        struct err *e)
{
    size_t i;
    json_t *descriptor;
    if (depth > DEPTH_MAX) {
        return err_set(e, ERR_LIMIT, "more than %d indexes in each other", DEPTH_MAX);
    }
    json_array_foreach(json_object_get(index, "manifests"), i, descriptor)
    {
        if (depth == 0 && s->wanted && !is_called(descriptor, s->wanted)) {
            continue;
        }
        int r = descriptor_search(s, descriptor, name, depth, e);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

static int search_judge(const struct search *s, struct err *e)
{
    if (!s->manifest) {
        return s->wanted
                   ? err_set(e, ERR_NOT_FOUND, "there is no image '%.*s' for this machine in it",
                             SHOWN, s->wanted)
                   : err_set(e, ERR_NOT_FOUND, "there is no image for this machine in it");
    }
    if (s->several) {
        return err_set(e, ERR_INVALID,
                       "there are several images in it; add --ref with one of: %.*s", SHOWN * 2,
                       s->names.data);
    }
    return 0;
}

static int layers_read(const json_t *manifest, struct oci_image *ret, struct err *e)
{
    const json_t *layers = json_object_get(manifest, "layers");
    size_t count = json_array_size(layers);
    int r = 0;
    ret->layers = xcalloc(count > 0 ? count : 1, sizeof(*ret->layers));
    for (size_t i = 0; r == 0 && i < count; i++) {
        const char *type = oci_json_text(json_array_get(layers, i), "mediaType");
        if (type && !strstr(type, "tar")) {
            return err_set(e, ERR_UNSUPPORTED,
                           "a layer of type '%.*s': this is no image of a system", SHOWN, type);
        }
        if (type && strstr(type, "+encrypted")) {
            return err_set(e, ERR_UNSUPPORTED,
                           "its layers are encrypted; decrypt them (skopeo "
                           "copy --decryption-key ...)");
        }
        r = oci_blob_describe(json_array_get(layers, i), &ret->layers[i], e);
        ret->layer_count += r == 0;
    }
    return r;
}

int oci_layout_read(int dir_fd, const char *name, struct oci_image *ret, struct err *e)
{
    AUTO(search_done) struct search s = {.dir_fd = dir_fd, .wanted = name};
    AUTO(oci_json_freep) json_t *index = NULL;
    char path[] = "index.json";
    const struct oci_blob blob = {.path = path, .size = OCI_SIZE_UNKNOWN};
    int r = oci_blob_json(dir_fd, &blob, &index, e);
    r = r < 0 ? r : index_search(&s, index, NULL, 0, e);
    r = r < 0 ? r : search_judge(&s, e);
    r = r < 0 ? r : layers_read(s.manifest, ret, e);
    r = r < 0 ? r : config_read(dir_fd, s.manifest, &ret->config, e);
    if (r == 0) {
        ret->digest = xasprintf("sha256:%s", s.digest);
        ret->name = TAKE(&s.name, NULL);
    }
    return r;
}
