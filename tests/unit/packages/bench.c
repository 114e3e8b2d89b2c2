/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "packages/layer_clear.h"
#include "packages/manifest.h"
#include "recipes/recipe.h"

void bench_open(struct bench *b)
{
    struct err e = {0};
    char path[64];
    bench_close(b);
    snprintf(path, sizeof(path), "%s/packages", b->dir);
    assert_done(package_store_open(path, true, &b->store, &e), e);
}

void bench_close(struct bench *b)
{
    package_store_closep(&b->store);
}

int bench_setup(void **state)
{
    struct bench *b = xcalloc(1, sizeof(*b));
    memcpy(b->dir, "/tmp/belljar-packages-XXXXXX", sizeof("/tmp/belljar-packages-XXXXXX"));
    assert_non_null(mkdtemp(b->dir));
    b->dir_fd = open(b->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(b->dir_fd >= 0);
    bench_open(b);
    *state = b;
    return 0;
}

int bench_teardown(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    bench_close(b);
    assert_done(layer_clear(b->dir_fd, "packages", &e), e);
    fd_close(b->dir_fd);
    assert_int_equal(rmdir(b->dir), 0);
    free(b);
    return 0;
}

void put_dir(int tree_fd, const char *path)
{
    assert_int_equal(mkdirat(tree_fd, path, 0755), 0);
}

void put_file(int tree_fd, const char *path, const char *text, mode_t mode)
{
    int fd = openat(tree_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    fd_close(fd);
}

void put_link(int tree_fd, const char *path, const char *target)
{
    assert_int_equal(symlinkat(target, tree_fd, path), 0);
}

void stage_make(struct bench *b, const char *text, struct stage *ret)
{
    struct err e = {0};
    assert_done(store_stage(b->store, ret, &e), e);
    put_dir(ret->tree_fd, "usr");
    put_file(ret->tree_fd, "usr/text", text, 0644);
}

uint32_t layer_make(struct bench *b, const char *text)
{
    struct err e = {0};
    struct stage st;
    struct layer layer;
    stage_make(b, text, &st);
    assert_done(store_commit(&st, &layer, &e), e);
    stage_done(&st);
    return layer.id;
}

bool is_there(const struct bench *b, const char *path)
{
    struct stat st;
    return fstatat(store_fd(b->store), path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

unsigned count_in(const struct bench *b, const char *folder)
{
    AUTO(dir_closep) DIR *dir = NULL;
    struct err e = {0};
    assert_done(dir_open(store_fd(b->store), folder, &dir, &e), e);
    unsigned count = 0;
    while (dir_next(dir)) {
        count++;
    }
    return count;
}

struct manifest *manifest_make(const char *id, const uint32_t *layers, size_t count, size_t own)
{
    struct manifest *m = xcalloc(1, sizeof(*m));
    m->id = xstrdup(id);
    m->recipe_text = xstrdup("language = \"text\"\nname = \"Text\"\nversion = \"1.0.0\"\n"
                             "tools = [\"cat\"]\nfile = \"main.txt\"\nextensions = [\".txt\"]\n"
                             "run = [\"{tool}\", \"{main}\"]\n[ask]\nargs = "
                             "[\"--version\"]\n[install]\ndebian = [\"x\"]\n");
    m->version = xstrdup("1.0.0");
    m->source = xstrdup("debian");
    m->layers = xmemdup(layers, count * sizeof(*layers));
    m->layer_count = count;
    m->own_layer_count = own;
    m->installed_s = 1700000000;
    return m;
}

int runtime_put(struct bench *b, const char *id, const uint32_t *layers, size_t count, size_t own,
                struct err *e)
{
    struct manifest *m = manifest_make(id, layers, count, own);
    int r = store_put(b->store, m, e);
    manifest_free(m);
    return r;
}
