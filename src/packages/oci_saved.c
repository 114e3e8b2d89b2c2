/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `docker save` writes: manifest.json is a list of images, each with the names of its
 * configuration and layers in the archive.  Layers are plain tars, whose digests are the
 * configuration's diff ids; the configuration's is its own name.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/oci_image.h"
#include "packages/oci_json.h"

#define ALGORITHM "sha256:"
#define SHOWN     80

/* ERR_NOT_FOUND, or ERR_INVALID when there are several to choose from. */
static int entry_find(const json_t *all, const char *wanted, const json_t **ret, struct err *e)
{
    AUTO(buf_done) struct buf names = {0};
    const json_t *found = NULL;
    size_t i, count = 0;
    json_t *entry;
    json_array_foreach(all, i, entry)
    {
        AUTO(strv_freep) char **tags = oci_json_words(entry, "RepoTags");
        buf_add_fmt(&names, "%s%.*s", i > 0 ? ", " : "", SHOWN,
                    tags ? tags[0] : "(without a name)");
        if (!wanted || (tags && strv_has(tags, wanted))) {
            found = entry;
            count++;
        }
    }
    if (!found) {
        return err_set(e, ERR_NOT_FOUND, "there is no image '%.*s' in it; there are: %.*s", SHOWN,
                       wanted ? wanted : "", SHOWN, names.data ? names.data : "none");
    }
    if (count > 1 && !wanted) {
        return err_set(e, ERR_INVALID,
                       "there are several images in it; add --ref with one of: %.*s", SHOWN * 2,
                       names.data);
    }
    *ret = found;
    return 0;
}

static int config_read(int dir_fd, const json_t *entry, struct oci_image *ret, struct err *e)
{
    const char *path = oci_json_text(entry, "Config");
    AUTO(oci_blob_done)
    struct oci_blob blob = {.path = xstrdup(path ? path : ""), .size = OCI_SIZE_UNKNOWN};
    AUTO(oci_json_freep) json_t *json = NULL;
    int fd = -1;
    (void)oci_digest_of_name(blob.path, blob.digest);
    int r = oci_blob_open(dir_fd, &blob, &fd, e);
    AUTO(fd_closep) int config = fd;
    char digest[SHA256_CHARS + 1];
    r = r < 0 ? r : oci_blob_digest(config, digest, e);
    r = r < 0 ? r : oci_blob_json(dir_fd, &blob, &json, e);
    r = r < 0 ? r : oci_config_parse(json, &ret->config, e);
    if (r == 0) {
        ret->digest = xasprintf(ALGORITHM "%s", digest);
    }
    return r < 0 ? err_wrap(e, "configuration") : 0;
}

/* Compressed ones, which other tools write, have their own digest as their name. */
static int layer_digest(int dir_fd, const char *diff_id, struct oci_blob *layer, struct err *e)
{
    static const char *const magics[] = {"\x1f\x8b", "\x28\xb5\x2f\xfd", "\xfd\x37zXZ", "BZh"};
    char head[8] = "";
    int fd = -1;
    int r = oci_blob_open(dir_fd, layer, &fd, e);
    AUTO(fd_closep) int blob = fd;
    if (r < 0) {
        return r;
    }
    ssize_t len = pread(blob, head, sizeof(head) - 1, 0);
    for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
        if (len > 0 && str_starts(head, magics[i])) {
            (void)oci_digest_of_name(layer->path, layer->digest);
            return 0;
        }
    }
    if (!str_starts(diff_id, ALGORITHM) || strlen(diff_id) != strlen(ALGORITHM) + SHA256_CHARS) {
        return err_set(e, ERR_INVALID, "'%.*s' is no digest of a layer; only sha256 ones are read",
                       SHOWN, diff_id);
    }
    memcpy(layer->digest, diff_id + strlen(ALGORITHM), SHA256_CHARS + 1);
    return 0;
}

static int layers_read(int dir_fd, const json_t *entry, struct oci_image *ret, struct err *e)
{
    AUTO(strv_freep) char **paths = oci_json_words(entry, "Layers");
    size_t count = strv_len(paths);
    int r = 0;
    if (count != strv_len(ret->config.diff_ids)) {
        return err_set(e, ERR_INVALID, "it has %zu layers, its configuration tells of %zu", count,
                       strv_len(ret->config.diff_ids));
    }
    ret->layers = xcalloc(count > 0 ? count : 1, sizeof(*ret->layers));
    for (size_t i = 0; r == 0 && i < count && i < OCI_LAYERS_MAX; i++) {
        ret->layers[i] = (struct oci_blob){.path = xstrdup(paths[i]), .size = OCI_SIZE_UNKNOWN};
        ret->layer_count++;
        r = layer_digest(dir_fd, ret->config.diff_ids[i], &ret->layers[i], e);
    }
    return r;
}

int oci_saved_read(int dir_fd, const char *name, struct oci_image *ret, struct err *e)
{
    AUTO(oci_json_freep) json_t *all = NULL;
    char path[] = "manifest.json";
    const struct oci_blob blob = {.path = path, .size = OCI_SIZE_UNKNOWN};
    const json_t *entry = NULL;
    int r = oci_blob_json(dir_fd, &blob, &all, e);
    r = r < 0 ? r : entry_find(all, name, &entry, e);
    r = r < 0 ? r : config_read(dir_fd, entry, ret, e);
    r = r < 0 ? r : layers_read(dir_fd, entry, ret, e);
    if (r == 0) {
        AUTO(strv_freep) char **tags = oci_json_words(entry, "RepoTags");
        ret->name = xstrdup(name ? name : tags ? tags[0] : NULL);
    }
    return r;
}
