/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/tree.h"
#include "host_fixture.h"

static void directory(char *ret, size_t size, const struct host_fixture *h, const char *name)
{
    snprintf(ret, size, "%s/%s", h->root, name);
    assert_int_equal(mkdir(ret, 0755), 0);
}

void host_fixture_make(struct host_fixture *h)
{
    memset(h, 0, sizeof(*h));
    strcpy(h->root, "/tmp/belljar-test-XXXXXX");
    assert_non_null(mkdtemp(h->root));
    assert_int_equal(chmod(h->root, 0755), 0);
    directory(h->bin, sizeof(h->bin), h, "bin");
    directory(h->local, sizeof(h->local), h, "local");
    directory(h->other, sizeof(h->other), h, "other");
    directory(h->dpkg, sizeof(h->dpkg), h, "dpkg");
    snprintf(h->visible_bin, sizeof(h->visible_bin), "%s/", h->bin);
    snprintf(h->visible_local, sizeof(h->visible_local), "%s/", h->local);
    h->tool_dirs[0] = h->local;
    h->tool_dirs[1] = h->bin;
    h->visible[0] = h->visible_bin;
    h->visible[1] = h->visible_local;
    h->view = (struct host_view){
        .tool_dirs = h->tool_dirs, .visible = h->visible, .package_dir = h->dpkg};
}

static void recipes_drop(struct host_fixture *h)
{
    for (size_t i = 0; i < h->view.recipe_count; i++) {
        recipe_unref(h->recipes[i]);
    }
    h->view.recipe_count = 0;
}

void host_recipes(struct host_fixture *h, const char *const *texts)
{
    recipes_drop(h);
    for (size_t i = 0; texts[i] != NULL; i++) {
        char id[24];
        struct err e = {0};
        assert_true(i < ARRAY_LEN(h->recipes));
        snprintf(id, sizeof(id), "x/%zu", i);
        if (recipe_parse(id, texts[i], strlen(texts[i]), NULL, NULL, &h->recipes[i], &e) < 0) {
            fail_msg("%s", e.text);
        }
        h->view.recipe_count = i + 1;
    }
    h->view.recipes = (const struct recipe *const *)h->recipes;
}

void host_fixture_remove(struct host_fixture *h)
{
    recipes_drop(h);
    struct err e;
    AUTO(fd_closep) int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(tree_remove(tmp, h->root + strlen("/tmp/"), &e), 0);
}

void host_file(const char *dir, const char *name, const char *text, unsigned mode)
{
    char path[200];
    struct err e;
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    AUTO(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text, strlen(text), &e), 0);
    assert_int_equal(fchmod(fd, mode), 0);
}

void host_link(const char *dir, const char *name, const char *target)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(symlink(target, path), 0);
}
