/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `belljar status`, `cancel` and `watch`: one execution that a server keeps.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/events.h"
#include "cli/execution_text.h"
#include "cli/native.h"
#include "cli/remote_args.h"
#include "cli/run.h"
#include "cli/text.h"

enum { FLAG_JSON }; /* of status */

const struct cli_flag status_flags[] = {
    [FLAG_JSON] = {"--json", 0, NULL, "Print all of it, as GET /api/v1/executions/ID does."},
    REMOTE_FLAGS,
    {0},
};

const struct cli_flag execution_flags[] = {
    REMOTE_FLAGS,
    {0},
};

static int options_read(const char *command, char **argv, const struct cli_flag *flags,
                        struct remote_args *ret, struct err *e)
{
    AUTO(mem_freep)
    char *missing = xasprintf("an id is missing; write: belljar %s ID", command);
    int r = remote_args_read(argv, flags, 1, missing, ret, e);
    return r < 0 ? r : remote_id_check(ret->words[0], e);
}

static char *path_of(const struct remote_args *a)
{
    return xasprintf(NATIVE_EXECUTIONS "/%s", a->words[0]);
}

/* --- status ----------------------------------------------------------------------------------- */

int cmd_status(int argc, char **argv)
{
    AUTO(remote_args_done) struct remote_args a = {0};
    AUTO(remote_json_freep) json_t *execution = NULL;
    AUTO(buf_done) struct buf text = {0};
    struct err e = {0};
    if (options_read("status", argv + (argc > 0), status_flags, &a, &e) < 0) {
        cli_error("status", &e);
        return CLI_USAGE;
    }
    AUTO(mem_freep) char *path = path_of(&a);
    if (remote_get(&a.remote, path, &execution, &e) < 0) {
        cli_error("status", &e);
        return CLI_FAILED;
    }
    if (remote_args_given(&a, FLAG_JSON)) {
        json_dumpf(execution, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
        putchar('\n');
    } else {
        execution_text(execution, &text);
        cli_put(&text, stdout);
    }
    return CLI_OK;
}

/* --- cancel ----------------------------------------------------------------------------------- */

/* DELETE erases an execution that is over: that is not what was asked for.  Sessions and Piston's
 * jobs are not kept, so that nothing is to be seen of them, but DELETE ends them too. */
static int check_goes_on(const struct remote_args *a, const char *path, struct err *e)
{
    AUTO(remote_json_freep) json_t *execution = NULL;
    long status = 0;
    int r = remote_call(&a->remote, "GET", path, NULL, &status, &execution, e);
    if (r < 0 || status == 404) {
        return r;
    }
    if (status / 100 != 2) {
        return remote_refusal(&a->remote, status, execution, e);
    }
    if (native_is_over(execution)) {
        return err_set(e, ERR_INVALID, "%.60s is over already ('belljar status' says how)",
                       a->words[0]);
    }
    return 0;
}

static int cancel(const struct remote_args *a, struct err *e)
{
    AUTO(remote_json_freep) json_t *answer = NULL;
    AUTO(mem_freep) char *path = path_of(a);
    long status = 0;
    int r = check_goes_on(a, path, e);
    if (r < 0) {
        return r;
    }
    r = remote_call(&a->remote, "DELETE", path, NULL, &status, &answer, e);
    if (r == 0 && status / 100 != 2) {
        r = remote_refusal(&a->remote, status, answer, e);
    }
    return r;
}

int cmd_cancel(int argc, char **argv)
{
    AUTO(remote_args_done) struct remote_args a = {0};
    struct err e = {0};
    if (options_read("cancel", argv + (argc > 0), execution_flags, &a, &e) < 0) {
        cli_error("cancel", &e);
        return CLI_USAGE;
    }
    if (cancel(&a, &e) < 0) {
        cli_error("cancel", &e);
        return CLI_FAILED;
    }
    return CLI_OK;
}

/* --- watch ------------------------------------------------------------------------------------ */

static bool watch_on_output(void *ctx, const char *stage, bool to_stderr, const char *data,
                            size_t len)
{
    struct err e;
    (void)ctx;
    bool to_stdout = !to_stderr && strcmp(stage, "run") == 0;
    return fd_write_all(to_stdout ? STDOUT_FILENO : STDERR_FILENO, data, len, &e) == 0;
}

static bool watch_on_event(void *ctx, const char *type, const json_t *data)
{
    AUTO(buf_done) struct buf line = {0};
    (void)ctx;
    if (strcmp(type, "test") == 0) {
        buf_add_str(&line, "belljar watch: test ");
        text_add(&line, data, "name");
        buf_add_str(&line, ": ");
        text_add(&line, data, "verdict");
        buf_add_char(&line, '\n');
        cli_put(&line, stderr);
    }
    return true;
}

int cmd_watch(int argc, char **argv)
{
    static const struct events_watcher watcher = {
        .output = watch_on_output,
        .event = watch_on_event,
    };
    AUTO(remote_args_done) struct remote_args a = {0};
    AUTO(remote_json_freep) json_t *execution = NULL;
    struct err e = {0};
    (void)signal(SIGPIPE, SIG_IGN);
    if (options_read("watch", argv + (argc > 0), execution_flags, &a, &e) < 0) {
        cli_error("watch", &e);
        return RUN_FAILED;
    }
    if (events_watch(&a.remote, a.words[0], &watcher, &execution, &e) < 0) {
        cli_error("watch", &e);
        return RUN_FAILED;
    }
    /* Nobody reads any more. */
    return execution ? run_explain_execution("watch", execution) : RUN_SIGNAL_BASE + SIGPIPE;
}
