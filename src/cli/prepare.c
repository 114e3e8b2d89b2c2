/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar prepare: see prepare_run.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/args.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/prepare_run.h"
#include "cli/prepare_store.h"
#include "cli/prepared_dir.h"
#include "cli/text.h"
#include "config/config.h"
#include "runtimes/host_view.h"
#include "runtimes/preparation.h"
#include "runtimes/preparations.h"

#define KEY_WIDTH 28
#define NAMES_MAX 64

const struct cli_flag prepare_flags[] = {
    {"--list", 0, NULL, "Print what there is, and what is missing, and end."},
    {0},
};

struct tally {
    unsigned made, failed;
};

static void print_made(const struct preparation_wanted *w, uint64_t bytes, const char *note)
{
    AUTO(buf_done) struct buf size = {0};
    text_add_bytes(&size, bytes);
    printf("%-*s %9s  %s%s\n", KEY_WIDTH, w->key, size.data, w->tool, note);
}

static void on_begin(void *ctx, const struct preparation_wanted *w)
{
    (void)ctx;
    cli_note("prepare", "%s for %s ...", w->preparation->name, w->tool);
}

static void on_made(void *ctx, const struct preparation_wanted *w, uint64_t bytes, uint64_t ns)
{
    struct tally *tally = ctx;
    char note[32];
    snprintf(note, sizeof(note), ", in %.1f s", (double)ns / NS_PER_S);
    print_made(w, bytes, note);
    (void)fflush(stdout);
    tally->made++;
}

static void on_failed(void *ctx, const struct preparation_wanted *w, const struct err *why)
{
    struct tally *tally = ctx;
    cli_note("prepare", "%s for %s: %s", w->preparation->name, w->tool, why->text);
    tally->failed++;
}

static int make(struct config *config, const struct owned_dir *dir, char *const *names)
{
    struct tally tally = {0};
    const struct prepare_observer observer = {on_begin, on_made, on_failed, &tally};
    struct err e;
    int r = prepare_run(config, dir, names, true, &observer, &e);
    if (r < 0) {
        cli_error("prepare", &e);
        return CLI_FAILED;
    }
    if (tally.made == 0 && tally.failed == 0) {
        printf("nothing is missing in %s\n", dir->path);
    }
    return tally.failed > 0 ? CLI_FAILED : CLI_OK;
}

static int list(const struct owned_dir *dir, char *const *names)
{
    AUTO(preparations_done) struct preparations wanted = {0};
    uint64_t sum = 0;
    struct err e;
    preparations_find(&host_view_system, &wanted);
    if (preparations_choose(&wanted, names, &e) < 0) {
        cli_error("prepare", &e);
        return CLI_FAILED;
    }
    for (size_t i = 0; i < wanted.count; i++) {
        const struct preparation_wanted *w = &wanted.all[i];
        if (preparation_is_made(dir->fd, w->key)) {
            uint64_t bytes = prepare_bytes(dir->fd, w->key);
            print_made(w, bytes, "");
            sum += bytes;
        } else {
            printf("%-*s %9s  %s\n", KEY_WIDTH, w->key,
                   prepare_is_failed(dir->fd, w->key) ? "failed" : "missing", w->tool);
        }
    }
    AUTO(buf_done) struct buf size = {0};
    text_add_bytes(&size, sum);
    printf("%s in %s\n", size.data, dir->path);
    return CLI_OK;
}

/* prepare has no other flag of its own. */
static int on_list(void *ctx, const struct cli_flag *flag, const char *value, struct err *e)
{
    bool *only_list = ctx;
    (void)flag;
    (void)value;
    (void)e;
    *only_list = true;
    return 0;
}

int cmd_prepare(int argc, char **argv)
{
    (void)argc;
    AUTO(config_freep) struct config *config = NULL;
    AUTO(owned_dir_done) struct owned_dir dir = {.fd = -1};
    AUTO(mem_freep) char **names = NULL; /* they are argv's */
    bool only_list = false;
    struct err e;
    int r = args_read(argv + 1, prepare_flags, on_list, &only_list, NAMES_MAX, &names, &config, &e);
    if (r == ARGS_HELP) {
        return help_show("prepare");
    }
    if (r < 0) {
        cli_error("prepare", &e);
        return CLI_USAGE;
    }
    if (prepared_dir_open(config, &dir, &e) < 0) {
        cli_error("prepare", &e);
        return CLI_FAILED;
    }
    return only_list ? list(&dir, names) : make(config, &dir, names);
}
