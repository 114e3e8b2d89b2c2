/* SPDX-License-Identifier: Apache-2.0 */
/*
 * try_installer KIND RECIPES_DIR ID CACHE_DIR TREE_DIR REGISTRY UNPACK: one installer by itself,
 * for tests/packages.  Archives are taken apart by UNPACK (belljar-unpack) without a box.  Prints
 * "plan DOWNLOAD DISK" and the parts.  Exit status: the kind of the error, which stderr tells.
 * KIND piston: ID is a package of the index that is the file RECIPES_DIR; prints its recipes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "config/config.h"
#include "packages/fetcher.h"
#include "packages/installation.h"
#include "packages/piston_get.h"
#include "packages/piston_index.h"
#include "packages/piston_package.h"
#include "packages/store.h"
#include "packages/tree_writer.h"
#include "packages/workshop.h"
#include "recipes/recipes.h"

struct workshop {
    const char *unpack;
};

/* The linker puts these two in the place of the library's (--wrap). */
void __wrap_installation_add_part(struct installation *in, const char *kind, const char *name,
                                  const char *version);
int __wrap_workshop_unpack(struct workshop *w, int archive_fd, struct tree_writer *writer,
                           struct err *e);

void __wrap_installation_add_part(struct installation *in, const char *kind, const char *name,
                                  const char *version)
{
    (void)in;
    printf("%s %s %s\n", kind, name, version);
}

int __wrap_workshop_unpack(struct workshop *w, int archive_fd, struct tree_writer *writer,
                           struct err *e)
{
    int ends[2], status;
    static char piece[65536];
    if (pipe2(ends, O_CLOEXEC) < 0) {
        return err_sys(e, "pipe");
    }
    pid_t pid = fork();
    if (pid == 0) {
        dup2(archive_fd, STDIN_FILENO);
        dup2(ends[1], STDOUT_FILENO);
        execl(w->unpack, w->unpack, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    int r = 0;
    for (ssize_t len; r == 0 && (len = read(ends[0], piece, sizeof(piece))) > 0;) {
        r = tree_writer_add(writer, piece, (size_t)len, e);
    }
    close(ends[0]);
    waitpid(pid, &status, 0);
    if (r == 0 && status != 0) {
        return err_set(e, ERR_INVALID, "belljar-unpack failed");
    }
    return r < 0 ? r : tree_writer_end(writer, e);
}

static void say(void *ctx, const struct err *e)
{
    (void)ctx;
    fprintf(stderr, "%s\n", e->text);
}

static int run(const struct installer *installer, struct installation *in, struct err *e)
{
    if (!installer->is_meant(in)) {
        return err_set(e, ERR_UNSUPPORTED, "not meant");
    }
    int r = installer->plan(in, e);
    if (r == 0) {
        printf("plan %llu %llu\n", (unsigned long long)in->download_bytes,
               (unsigned long long)in->disk_bytes);
        r = installer->install(in, e);
    }
    return r;
}

static int piston(const struct installation *in, const char *path, const char *name, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    int r = fd_read_path(path, 1 << 20, &text, e);
    if (r < 0) {
        return r;
    }
    struct piston_index *index = piston_index_parse(text.data, text.len, say, NULL);
    const struct piston_entry *entry = piston_index_find(index, name, "*");
    struct piston_package *p = NULL;
    r = entry ? piston_package_get(entry, in->fetcher, in->workshop, in->stage, &p, e)
              : err_set(e, ERR_NOT_FOUND, "no package %s", name);
    if (r < 0 && entry) {
        err_wrap(e, "%s-%s", entry->name, entry->text);
    }
    for (size_t i = 0; r == 0 && i < p->count; i++) {
        AUTO(buf_done) struct buf recipe = {0};
        piston_recipe_write(p, &p->languages[i], entry, NULL, &recipe);
        printf("%s", recipe.data);
    }
    piston_package_free(p);
    piston_index_free(index);
    return r;
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        return EXIT_FAILURE;
    }
    AUTO(fd_closep) int cache = open(argv[4], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO(fd_closep) int tree = open(argv[5], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct config config = {.npm_registry = argv[6]};
    struct workshop workshop = {argv[7]};
    struct stage stage = {.tree_fd = tree};
    bool is_piston = strcmp(argv[1], "piston") == 0;
    struct recipes *recipes = recipes_new(is_piston ? NULL : argv[2], say, NULL);
    struct installation in = {
        .config = &config,
        .recipes = recipes,
        .recipe = recipes_by_id(recipes, argv[3]),
        .workshop = &workshop,
        .fetcher = fetcher_new(cache, NULL),
        .stage = &stage,
    };
    struct err e;
    int r = is_piston ? piston(&in, argv[2], argv[3], &e)
            : in.recipe
                ? run(strcmp(argv[1], "npm") == 0 ? &installer_npm : &installer_own, &in, &e)
                : err_set(&e, ERR_NOT_FOUND, "no recipe %s", argv[3]);
    fetcher_free(in.fetcher);
    recipes_free(recipes);
    if (r < 0) {
        fprintf(stderr, "%s\n", e.text);
    }
    return -r;
}
