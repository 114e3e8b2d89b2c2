/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images of strangers.  The input is texts with 0x1e between them, the files of an archive: each
 * but the last is a blob, which those behind it name as "@0", "@1" ... where a digest stands; the
 * last is index.json or, when it begins with a bracket, manifest.json.  Also: a passwd and group of
 * an image, and a spec.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "boxproto/boxarchive.h"
#include "fuzz.h"
#include "fuzz_dir.h"
#include "model/semver.h"
#include "packages/image_recipe.h"
#include "packages/image_spec.h"
#include "packages/oci_image.h"
#include "packages/oci_json.h"
#include "packages/oci_user.h"
#include "packages/sha256.h"
#include "recipes/recipe_id.h"
#include "unpack/image_user.h"

#define SEPARATOR 0x1e
#define FILES_MAX 8

struct archive {
    struct fuzz_dir dir;
    char digests[FILES_MAX][SHA256_CHARS + 1];
    size_t count;
};

static void file_put(int dir_fd, const char *path, const char *text, size_t len)
{
    struct err e;
    AUTO(fd_closep) int fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    REQUIRE(fd >= 0 && fd_write_all(fd, text, len, &e) == 0);
}

/* With digests in the place of "@0" ... */
static void text_fill(const struct archive *a, const char *text, size_t len, struct buf *ret)
{
    for (size_t i = 0; i < len; i++) {
        size_t number = text[i] == '@' && i + 1 < len ? (size_t)text[i + 1] - '0' : FILES_MAX;
        if (number < a->count) {
            buf_add_str(ret, a->digests[number]);
            i++;
        } else {
            buf_add_char(ret, text[i]);
        }
    }
}

static void blob_put(struct archive *a, const struct buf *text)
{
    char *digest = a->digests[a->count];
    struct sha256 *sum = sha256_new();
    sha256_add(sum, text->data ? text->data : "", text->len);
    sha256_end(sum, digest);
    sha256_free(sum);
    AUTO(mem_freep) char *path = xasprintf("blobs/sha256/%s", digest);
    file_put(a->dir.fd, path, text->data, text->len);
    a->count++;
}

static void archive_fill(struct archive *a, const char *at, const char *end)
{
    REQUIRE(mkdirat(a->dir.fd, "blobs", 0755) == 0);
    REQUIRE(mkdirat(a->dir.fd, "blobs/sha256", 0755) == 0);
    for (;;) {
        const char *stop = memchr(at, SEPARATOR, (size_t)(end - at));
        AUTO(buf_done) struct buf text = {0};
        text_fill(a, at, (size_t)((stop ? stop : end) - at), &text);
        if (!stop || a->count == FILES_MAX) {
            bool saved = text.len > 0 && text.data[0] == '[';
            file_put(a->dir.fd, saved ? "manifest.json" : "index.json", text.data, text.len);
            return;
        }
        blob_put(a, &text);
        at = stop + 1;
    }
}

static void command_check(const struct oci_config *c)
{
    AUTO(strv_freep) char **command = image_command_of(c->entrypoint, c->command, c->directory);
    AUTO(strv_freep) char **env = image_env_of(c->env);
    AUTO(mem_freep) char *version = image_version_of(c->version);
    struct semver parsed;
    REQUIRE(!version || semver_parse(version, &parsed));
    REQUIRE(strv_len(env) <= strv_len(c->env));
    REQUIRE(!command || strv_len(command) >= strv_len(c->entrypoint) + strv_len(c->command));
}

static void image_check(const uint8_t *data, size_t size)
{
    struct archive a = {.count = 0};
    AUTO(oci_image_freep) struct oci_image *image = NULL;
    struct err e = {0};
    fuzz_dir_make(&a.dir);
    archive_fill(&a, (const char *)data, (const char *)data + size);
    if (oci_image_read(a.dir.fd, NULL, &image, &e) == 0) {
        REQUIRE(image->layer_count > 0 && image->layer_count <= OCI_LAYERS_MAX);
        REQUIRE(image->layer_count == strv_len(image->config.diff_ids));
        for (size_t i = 0; i < image->layer_count; i++) {
            REQUIRE(strlen(image->layers[i].digest) == SHA256_CHARS);
        }
        REQUIRE(image->digest);
        command_check(&image->config);
    } else {
        REQUIRE(e.text[0] != '\0');
    }
    fuzz_dir_remove(&a.dir);
}

/* "USER", passwd and group. */
static void user_check(const char *text)
{
    const char *passwd = strchr(text, SEPARATOR);
    const char *group = passwd ? strchr(passwd + 1, SEPARATOR) : NULL;
    if (!group) {
        return;
    }
    AUTO(mem_freep) char *user = xstrndup(text, (size_t)(passwd - text));
    AUTO(mem_freep) char *users = xstrndup(passwd + 1, (size_t)(group - passwd - 1));
    AUTO(mem_freep) char *numbers = NULL;
    struct image_user parsed = {0};
    struct err e = {0};
    int r = oci_user_resolve(user, users, group + 1, &numbers, &e);
    /* What belljar-unpack is told is made of numbers alone. */
    REQUIRE(r < 0 ? e.text[0] != '\0' : numbers[strspn(numbers, "0123456789:,")] == '\0');
    if (r == 0 && image_user_parse(numbers, &parsed, &e) == 0) {
        REQUIRE(oci_user_is_root(user) || parsed.group_count > 0);
    }
    image_user_done(&parsed);
}

static void spec_check(const char *text, size_t len)
{
    AUTO(image_spec_done) struct image_spec spec = {0};
    struct semver version;
    struct err e = {0};
    if (image_spec_parse(text, len, &spec, &e) == 0) {
        REQUIRE(recipe_name_valid(spec.language) && semver_parse(spec.version, &version));
        REQUIRE(spec.package[0] != '-' && spec.package[0] != '\0');
    } else {
        REQUIRE(e.text[0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(mem_freep) char *text = xmemdup(data, size);
    image_check(data, size);
    user_check(text);
    spec_check(text, size);
    return 0;
}
