/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/local.h"
#include "cli/remote.h"
#include "config/config.h"
#include "runtimes/runtimes.h"

/* How many tools are asked for their versions at a time. */
#define BOXES 8

const struct cli_flag runtimes_flags[] = {
    {"--json", 0, NULL, "Print them as GET /api/v2/runtimes does."},
    REMOTE_FLAGS,
    {0},
};

struct listing {
    struct local *local;
    struct runtimes_wait *wait;
    json_t *all; /* in Piston's form; NULL: not known yet */
    int signo;
    bool lost;
};

/* --- what is here ----------------------------------------------------------------------------- */

static json_t *runtime_json(const struct runtime *runtime)
{
    json_t *json = json_object();
    json_t *aliases = json_array();
    json_object_set_new(json, "language", json_string(runtime->language));
    json_object_set_new(json, "version", json_string(runtime->version));
    json_object_set_new(json, "aliases", aliases);
    for (char *const *alias = runtime->aliases; alias && *alias; alias++) {
        json_array_append_new(aliases, json_string(*alias));
    }
    if (runtime->package) {
        json_object_set_new(json, "runtime", json_string(runtime->package));
    }
    return json;
}

static void listing_on_listed(void *ctx, struct runtime *const *all, size_t count)
{
    struct listing *listing = ctx;
    listing->wait = NULL;
    listing->all = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(listing->all, runtime_json(all[i]));
    }
    loop_stop(listing->local->loop);
}

static void listing_on_stopped(void *ctx, int signo)
{
    struct listing *listing = ctx;
    listing->signo = signo;
    listing->lost = signo == 0;
    loop_stop(listing->local->loop);
}

static void listing_done(struct listing *listing)
{
    runtimes_cancel(listing->wait);
    local_stop(listing->local);
    json_decref(listing->all);
}

static int list_local(const struct config *c, json_t **ret, struct err *e)
{
    AUTO(listing_done) struct listing listing = {0};
    int r = local_start(c, BOXES, &listing.local, e);
    if (r < 0) {
        return r;
    }
    listing.local->stopped = listing_on_stopped;
    listing.local->stopped_ctx = &listing;
    listing.wait = runtimes_list(listing.local->runtimes, listing_on_listed, &listing);
    r = loop_run(listing.local->loop, e);
    if (r < 0) {
        return r;
    }
    if (!listing.all) {
        return err_set(e, ERR_GONE,
                       listing.lost ? "belljar-boxd has ended; 'belljar doctor' may know why"
                                    : "stopped by a signal");
    }
    *ret = TAKE(&listing.all, NULL);
    return 0;
}

/* --- what a server has ------------------------------------------------------------------------ */

static int list_remote(const struct remote *remote, json_t **ret, struct err *e)
{
    AUTO(remote_json_freep) json_t *answer = NULL;
    long status = 0;
    int r = remote_call(remote, "GET", "/api/v2/runtimes", NULL, &status, &answer, e);
    if (r < 0) {
        return r;
    }
    if (status != 200 || !json_is_array(answer)) {
        return remote_refusal(remote, status, answer, e);
    }
    *ret = TAKE(&answer, NULL);
    return 0;
}

/* --- output ----------------------------------------------------------------------------------- */

static const char *text_of(const json_t *runtime, const char *key)
{
    const char *text = json_string_value(json_object_get(runtime, key));
    return text ? text : "";
}

static void table_print(const json_t *all)
{
    size_t index;
    json_t *runtime;
    int language_width = (int)strlen("LANGUAGE"), version_width = (int)strlen("VERSION");
    json_array_foreach(all, index, runtime)
    {
        int language = (int)strlen(text_of(runtime, "language"));
        int version = (int)strlen(text_of(runtime, "version"));
        language_width = language > language_width ? language : language_width;
        version_width = version > version_width ? version : version_width;
    }
    printf("%-*s  %-*s  ALSO CALLED\n", language_width, "LANGUAGE", version_width, "VERSION");
    json_array_foreach(all, index, runtime)
    {
        size_t at;
        json_t *alias;
        AUTO(buf_done) struct buf aliases = {0};
        json_array_foreach(json_object_get(runtime, "aliases"), at, alias)
        {
            buf_add_fmt(&aliases, "%s%s", at ? ", " : "  ", json_string_value(alias));
        }
        int width = aliases.len ? version_width : 0;
        printf("%-*s  %-*s%s\n", language_width, text_of(runtime, "language"), width,
               text_of(runtime, "version"), aliases.len ? aliases.data : "");
    }
}

struct options {
    bool json;
    struct remote remote; /* its url is NULL: here */
    struct config *config;
};

static void options_done(struct options *o)
{
    config_free(o->config);
    remote_done(&o->remote);
}

static int options_read(char **argv, struct options *ret, struct err *e)
{
    AUTO(args_done) struct args args = {.words = argv, .flags = runtimes_flags};
    AUTO(mem_freep) char **rest = NULL;
    const struct cli_flag *flag = NULL;
    const char *value = NULL;
    int r;
    while ((r = args_next(&args, &flag, &value, e)) == ARGS_FLAG) {
        int taken = remote_flag(&ret->remote, flag, value, e);
        if (taken < 0) {
            return taken;
        }
        ret->json = ret->json || !taken; /* the one that is left */
    }
    if (r == ARGS_END && *args.words) {
        return err_set(e, ERR_INVALID, "'%.60s' is too much; it takes flags only", *args.words);
    }
    if (r == ARGS_END) {
        r = remote_environment(&ret->remote, e);
    }
    return r < 0 ? r : config_load(args.config, environ, &ret->config, &rest, e);
}

int cmd_runtimes(int argc, char **argv)
{
    AUTO(options_done) struct options options = {0};
    AUTO(remote_json_freep) json_t *all = NULL;
    struct err e = {0};
    if (options_read(argv + (argc > 0), &options, &e) < 0) {
        cli_error("runtimes", &e);
        return CLI_USAGE;
    }
    int r = options.remote.url ? list_remote(&options.remote, &all, &e)
                               : list_local(options.config, &all, &e);
    if (r < 0) {
        cli_error("runtimes", &e);
        return CLI_FAILED;
    }
    if (options.json) {
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        table_print(all);
    }
    return CLI_OK;
}
