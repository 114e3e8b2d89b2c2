/* SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "packages/manifest.h"
#include "packages/tree_place.h"
#include "recipes/recipe.h"

static void path_put(struct tree_place *t, const char *path)
{
    AUTO(fd_closep) int fd = -1;
    struct err e = {0};
    size_t len = strlen(path);
    int r;
    if (path[0] == '!') {
        r = tree_place_whiteout(t, path + 1, &e);
    } else if (path[len - 1] == '/') {
        AUTO(mem_freep) char *dir = xstrndup(path, len - 1);
        r = tree_place_dir(t, dir, 0755, &e);
    } else {
        r = tree_place_file(t, path, 0755, &fd, &e);
    }
    assert_done(r, e);
}

uint32_t files_layer(struct bench *b, const char *const *paths)
{
    struct err e = {0};
    struct stage st;
    struct layer layer;
    struct tree_place t;
    assert_done(store_stage(b->store, &st, &e), e);
    tree_place_init(&t, st.tree_fd, 100);
    for (; *paths; paths++) {
        path_put(&t, *paths);
    }
    tree_place_done(&t);
    assert_done(store_commit(&st, &layer, &e), e);
    stage_done(&st);
    return layer.id;
}

static void recipe_set(struct manifest *m, char *text)
{
    struct err e = {0};
    free(m->recipe_text);
    m->recipe_text = text;
    assert_done(recipe_parse(m->id, text, strlen(text), NULL, NULL, &m->recipe, &e), e);
}

struct manifest *toy_manifest(const char *keys, const uint32_t *layers, size_t count)
{
    struct manifest *m = manifest_make("toy/1", layers, count, count > 0);
    m->tool = xstrdup("/usr/bin/toy");
    recipe_set(m, xasprintf("language = \"toy\"\nversion = \"1.0.0\"\ntools = [\"toy\"]\n"
                            "extensions = [\".toy\"]\nfile = \"main.toy\"\nask.args = [\"-v\"]\n"
                            "install.debian = [\"toy\"]\n%s\n",
                            keys));
    return m;
}

void toy_put(struct bench *b, const char *id, const char *version, const uint32_t *layers,
             size_t count)
{
    struct err e = {0};
    struct manifest *m = toy_manifest(
        "run = [\"{tool}\", \"{main}\"]\naliases = [\"t{x.y}\", \"play\"]", layers, count);
    free(m->id);
    free(m->version);
    m->id = xstrdup(id);
    m->version = xstrdup(version);
    assert_done(store_put(b->store, m, &e), e);
    manifest_free(m);
}

bool layer_is_free(const struct bench *b, uint32_t id)
{
    char path[32];
    snprintf(path, sizeof(path), "layers/%u", (unsigned)id);
    AUTO(fd_closep)
    int fd = openat(store_fd(b->store), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return flock(fd, LOCK_EX | LOCK_NB) == 0;
}
