/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/oci_image.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/oci_json.h"

#define VERSION_LABEL "org.opencontainers.image.version"

static void config_done(struct oci_config *c)
{
    free(c->user);
    free(c->directory);
    free(c->version);
    strv_free(c->env);
    strv_free(c->entrypoint);
    strv_free(c->command);
    strv_free(c->diff_ids);
}

void oci_image_free(struct oci_image *image)
{
    if (!image) {
        return;
    }
    config_done(&image->config);
    for (size_t i = 0; i < image->layer_count; i++) {
        oci_blob_done(&image->layers[i]);
    }
    free(image->layers);
    free(image->digest);
    free(image->name);
    free(image);
}

void oci_image_freep(struct oci_image **image)
{
    oci_image_free(*image);
    *image = NULL;
}

bool oci_fits_machine(const json_t *platform)
{
    static const struct {
        const char *machine, *architecture;
    } names[] = {{"x86_64", "amd64"},
                 {"aarch64", "arm64"},
                 {"armv7l", "arm"},
                 {"i686", "386"},
                 {"riscv64", "riscv64"}};
    struct utsname host;
    const char *architecture = oci_json_text(platform, "architecture");
    const char *os = oci_json_text(platform, "os");
    if (!architecture || uname(&host) < 0 || (os && strcmp(os, "linux") != 0)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(names[i].machine, host.machine) == 0) {
            return strcmp(names[i].architecture, architecture) == 0;
        }
    }
    return strcmp(host.machine, architecture) == 0;
}

int oci_config_parse(const json_t *json, struct oci_config *ret, struct err *e)
{
    const json_t *config = json_object_get(json, "config");
    const json_t *rootfs = json_object_get(json, "rootfs");
    const char *type = oci_json_text(rootfs, "type");
    if (!json_is_object(json) || !type || strcmp(type, "layers") != 0) {
        return err_set(e, ERR_INVALID, "its configuration tells of no layers: it is no image");
    }
    if (!oci_fits_machine(json)) {
        const char *architecture = oci_json_text(json, "architecture");
        return err_set(e, ERR_UNSUPPORTED, "it is for %.40s, which is not this machine",
                       architecture ? architecture : "no machine");
    }
    *ret = (struct oci_config){
        .user = xstrdup(oci_json_text(config, "User")),
        .directory = xstrdup(oci_json_text(config, "WorkingDir")),
        .env = oci_json_words(config, "Env"),
        .entrypoint = oci_json_words(config, "Entrypoint"),
        .command = oci_json_words(config, "Cmd"),
        .version = xstrdup(oci_json_text(json_object_get(config, "Labels"), VERSION_LABEL)),
        .diff_ids = oci_json_words(rootfs, "diff_ids"),
    };
    return 0;
}

/* A layer that is no compressed one is what its diff id says. */
static int image_check(const struct oci_image *image, struct err *e)
{
    size_t ids = strv_len(image->config.diff_ids);
    if (image->layer_count == 0 || image->layer_count > OCI_LAYERS_MAX) {
        return err_set(e, ERR_LIMIT, "it has %zu layers; images have 1 to %d", image->layer_count,
                       OCI_LAYERS_MAX);
    }
    return ids != image->layer_count
               ? err_set(e, ERR_INVALID, "it has %zu layers, its configuration tells of %zu",
                         image->layer_count, ids)
               : 0;
}

int oci_image_read(int dir_fd, const char *name, struct oci_image **ret, struct err *e)
{
    AUTO(oci_image_freep) struct oci_image *image = xcalloc(1, sizeof(*image));
    int r;
    if (oci_blob_exists(dir_fd, "index.json")) {
        r = oci_layout_read(dir_fd, name, image, e);
    } else if (oci_blob_exists(dir_fd, "manifest.json")) {
        r = oci_saved_read(dir_fd, name, image, e);
    } else {
        r = err_set(e, ERR_INVALID,
                    "there is neither an index.json nor a manifest.json in it: write it with "
                    "'docker save IMAGE >FILE.tar' or 'skopeo copy ... oci-archive:FILE.tar'");
    }
    r = r < 0 ? r : image_check(image, e);
    if (r == 0) {
        *ret = TAKE(&image, NULL);
    }
    return r;
}
