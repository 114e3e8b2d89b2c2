/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `belljar submit`: an execution that the server keeps; its id comes back at once, or with --wait
 * its result.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/events.h"
#include "cli/native.h"
#include "cli/remote.h"
#include "cli/run.h"

static int tests_set(json_t *body, const char *path, struct err *e)
{
    json_error_t why;
    json_t *tests = json_load_file(path, JSON_ALLOW_NUL, &why);
    if (!tests) {
        return err_set(e, ERR_INVALID, "'%.80s', line %d: %.100s", path, why.line, why.text);
    }
    json_object_set_new(body, "tests", tests);
    return 0;
}

static int body_make(const struct run_options *o, json_t **ret, struct err *e)
{
    AUTO(remote_json_freep) json_t *body = NULL;
    AUTO(buf_done) struct buf input = {0};
    int r = native_body(o, &body, e);
    if (r == 0) {
        r = o->tests ? tests_set(body, o->tests, e) : run_read_stdin(o, &input, e);
    }
    if (r < 0) {
        return r;
    }
    native_add_stdin(body, &input);
    if (o->label && json_object_set_new(body, "label", json_string(o->label)) < 0) {
        return err_set(e, ERR_INVALID, "the label is not UTF-8; a server takes only text");
    }
    if (o->wait) {
        json_object_set_new(body, "priority", json_string("interactive"));
    }
    *ret = TAKE(&body, NULL);
    return 0;
}

/* Whoever leaves, or is thrown out, can find it again. */
static int wait_for(const struct run_options *o, json_t **execution, struct err *e)
{
    char id[40];
    const char *text = json_string_value(json_object_get(*execution, "id"));
    snprintf(id, sizeof(id), "%s", text ? text : "");
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "belljar submit: %s (Ctrl-C leaves, 'belljar watch' comes back to it)\n",
                id);
    }
    int r = events_wait(&o->remote, execution, e);
    return r < 0 ? err_wrap(e, "%s was accepted, but waiting for it", id) : r;
}

static int submit(const struct run_options *o, struct err *e)
{
    AUTO(remote_json_freep) json_t *body = NULL;
    AUTO(remote_json_freep) json_t *execution = NULL;
    int r = body_make(o, &body, e);
    if (r == 0) {
        r = native_post(&o->remote, body, &execution, e);
    }
    if (r == 0 && o->wait && !native_is_over(execution)) {
        r = wait_for(o, &execution, e);
    }
    if (r < 0) {
        return r;
    }
    if (o->wait) {
        return run_print_execution("submit", execution, o->json);
    }
    if (o->json) {
        json_dumpf(execution, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        puts(json_string_value(json_object_get(execution, "id")));
    }
    return CLI_OK;
}

int cmd_submit(int argc, char **argv)
{
    AUTO(run_options_done) struct run_options options = {0};
    struct err e = {0};
    int r = run_options_read(argv + (argc > 0), submit_flags, &options, &e);
    if (r == ARGS_HELP) {
        return help_show("submit");
    }
    if (r == 0) {
        options.remote.url = options.remote.url ? options.remote.url : REMOTE_DEFAULT_URL;
        r = submit(&options, &e);
    }
    if (r < 0) {
        cli_error("submit", &e);
        return RUN_FAILED;
    }
    return r;
}
