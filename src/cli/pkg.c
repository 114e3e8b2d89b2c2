/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar pkg: installs languages, and lists those that are.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/args.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "config/config.h"
#include "packages/chooser.h"
#include "packages/fetcher.h"
#include "packages/install.h"
#include "packages/install_piston.h"
#include "packages/manifest.h"
#include "packages/progress.h"
#include "packages/store.h"
#include "packages/workshop.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"
#include "runtimes/host_view.h"

#define NAMES_MAX 512
#define ID_WIDTH  24

const struct cli_flag pkg_flags[] = {
    {"--again", 0, NULL, "Install also what is there."},
    {"--with", 0, "NAME[,NAME...]", "Libraries that are added."},
    {0},
};

struct choices {
    bool again;
    char **libraries;
};

static int on_flag(void *ctx, const struct cli_flag *flag, const char *value, struct err *e)
{
    struct choices *c = ctx;
    (void)e;
    if (strcmp(flag->name, "--again") == 0) {
        c->again = true;
    } else {
        char **more = strv_split(value, ",");
        strv_add_all(&c->libraries, more);
        strv_free(more);
    }
    return 0;
}

/* --- the directory -------------------------------------------------------------------------- */

static char *directory(const struct config *c)
{
    const char *data = secure_getenv("XDG_DATA_HOME"), *home = secure_getenv("HOME");
    if (c->runtime_dir[0]) {
        return xstrdup(c->runtime_dir);
    }
    if (c->data[0]) {
        return xasprintf("%s/packages", c->data);
    }
    if (geteuid() == 0) {
        return xstrdup("/var/lib/belljar/packages");
    }
    return data && data[0] == '/' ? xasprintf("%s/belljar/packages", data)
                                  : xasprintf("%s/.local/share/belljar/packages", home ? home : "");
}

static void on_unreadable(void *ctx, const struct err *e)
{
    (void)ctx;
    cli_error("pkg", e);
}

/* --- install ------------------------------------------------------------------------------------
 */

static void on_step(void *ctx, const char *what, enum progress_phase phase, uint64_t done,
                    uint64_t total)
{
    static const char *const names[] = {"resolve", "download", "unpack", "set up", "check", "done"};
    (void)ctx;
    if (phase == PROGRESS_UNPACK || phase == PROGRESS_SETUP) {
        if (done != total) {
            return;
        }
    }
    AUTO(buf_done) struct buf size = {0};
    if (phase == PROGRESS_DOWNLOAD) {
        text_add_bytes(&size, total);
    }
    cli_note("pkg", "%s: %s %s", what, names[phase], size.data ? size.data : "");
}

static void made_show(const struct manifest *m, bool made, uint64_t begin)
{
    printf("%-*s %s%s", ID_WIDTH, m->id, m->version, made ? "" : " (was there)");
    if (made) {
        printf(", in %.1f s", (double)(clock_mono_ns(&clock_system) - begin) / NS_PER_S);
    }
    printf("\n");
    (void)fflush(stdout);
}

static int install_one(const struct install *i, const struct choice *choice, char *const *libraries)
{
    struct manifest **all = NULL, *one = NULL;
    size_t count = 0;
    struct err e;
    bool made = false;
    uint64_t begin = clock_mono_ns(&clock_system);
    int r = choice->recipe ? install_recipe(i, choice->recipe, libraries, &one, &made, &e)
                           : install_piston(i, choice->entry, &all, &count, &made, &e);
    if (r < 0) {
        cli_error("pkg", &e);
        return CLI_FAILED;
    }
    if (one) {
        made_show(one, made, begin);
    }
    for (size_t k = 0; k < count; k++) {
        made_show(all[k], made, begin);
    }
    manifest_free(one);
    install_piston_free(all, count);
    return CLI_OK;
}

static int install_word(const struct install *i, struct chooser *chooser, const char *word,
                        char *const *libraries)
{
    AUTO(mem_freep) struct choice *chosen = NULL;
    size_t count = 0;
    struct err e;
    if (chooser_choose(chooser, word, &chosen, &count, &e) < 0) {
        cli_error("pkg", &e);
        return CLI_FAILED;
    }
    int worst = CLI_OK;
    for (size_t k = 0; k < count; k++) {
        int status = install_one(i, &chosen[k], libraries);
        worst = status > worst ? status : worst;
    }
    return worst;
}

static int install_all(const struct config *config, struct store *store,
                       const struct recipes *recipes, const struct choices *choices, char **words)
{
    struct err e;
    AUTO(workshop_closep) struct workshop *workshop = NULL;
    struct progress progress = {.step = on_step};
    AUTO(fd_closep)
    int cache = openat(store_fd(store), "cache", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (workshop_open(config, store_fd(store), &workshop, &e) < 0) {
        cli_error("pkg", &e);
        return CLI_FAILED;
    }
    struct fetcher *fetcher = fetcher_new(cache, &progress);
    const struct install install = {.config = config,
                                    .recipes = recipes,
                                    .store = store,
                                    .workshop = workshop,
                                    .fetcher = fetcher,
                                    .progress = &progress,
                                    .preparation = host_preparation,
                                    .again = choices->again};
    AUTO(chooser_done)
    struct chooser chooser = {.recipes = recipes,
                              .fetcher = fetcher,
                              .index_url = config->piston_repo,
                              .say = on_unreadable};
    AUTO(strv_freep) char **joined = words_join(words);
    int worst = CLI_OK;
    for (char **word = joined; word && *word; word++) {
        int status = install_word(&install, &chooser, *word, choices->libraries);
        worst = status > worst ? status : worst;
    }
    fetcher_free(fetcher);
    return worst;
}

/* --- list
 * ------------------------------------------------------------------------------------------- */

static int list(const struct store *store)
{
    AUTO(mem_freep) struct manifest **all = NULL;
    size_t count = store_list(store, &all, on_unreadable, NULL);
    for (size_t k = 0; k < count; k++) {
        uint64_t bytes = 0;
        for (size_t n = 0; n < all[k]->own_layer_count; n++) {
            struct layer layer;
            struct err ignored;
            bytes += store_layer(store, all[k]->layers[n], &layer, &ignored) == 0 ? layer.bytes : 0;
        }
        AUTO(buf_done) struct buf size = {0};
        text_add_bytes(&size, bytes);
        printf("%-*s %-16s %9s  %s\n", ID_WIDTH, all[k]->id, all[k]->version, size.data,
               all[k]->source);
        manifest_free(all[k]);
    }
    return CLI_OK;
}

/* --- the command
 * ------------------------------------------------------------------------------------- */

static int run(const struct config *config, const struct choices *choices, char **words)
{
    AUTO(mem_freep) char *path = directory(config);
    AUTO(mem_freep) char *own = xasprintf("%s/recipes", path);
    AUTO(store_closep) struct store *store = NULL;
    AUTO(recipes_freep) struct recipes *recipes = NULL;
    bool installs = strcmp(words[0], "install") == 0;
    struct err e;
    (void)umask(022); /* boxes read it as strangers */
    if (store_open(path, installs, &store, &e) < 0) {
        cli_error("pkg", &e);
        return CLI_FAILED;
    }
    if (!installs) {
        return list(store);
    }
    recipes = recipes_new(own, on_unreadable, NULL);
    return install_all(config, store, recipes, choices, words + 1);
}

int cmd_pkg(int argc, char **argv)
{
    (void)argc;
    AUTO(config_freep) struct config *config = NULL;
    AUTO(mem_freep) char **words = NULL; /* they are argv's */
    struct choices choices = {0};
    struct err e;
    int r = args_read(argv + 1, pkg_flags, on_flag, &choices, NAMES_MAX, &words, &config, &e);
    if (r == ARGS_HELP) {
        return help_show("pkg");
    }
    if (r == 0 && (!words || !words[0] ||
                   (strcmp(words[0], "install") != 0 && strcmp(words[0], "list") != 0) ||
                   (strcmp(words[0], "install") == 0 && !words[1]))) {
        r = err_set(&e, ERR_INVALID, "write 'belljar pkg install NAME...' or 'belljar pkg list'");
    }
    if (r < 0) {
        cli_error("pkg", &e);
        return CLI_USAGE;
    }
    int status = run(config, &choices, words);
    strv_free(choices.libraries);
    return status;
}
