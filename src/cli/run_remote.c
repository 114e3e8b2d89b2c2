/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `belljar run --url`: through belljar's own API, or through Piston's where a server has that one
 * alone.  The result comes in one piece, at the end.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "cli/command.h"
#include "cli/events.h"
#include "cli/execution_text.h"
#include "cli/native.h"
#include "cli/remote.h"
#include "cli/run.h"
#include "model/result.h"

#define STDIN_MAX ((size_t)64 << 20)

static void stage_print(const struct stage_result *stage, FILE *out)
{
    cli_put(&stage->out, out);
    fflush(out);
    cli_put(&stage->err, stderr);
}

/* Of several tests: whether all went well. */
static int tests_status(const struct result *result)
{
    if (result->compile.ran && result->compile.verdict != VERDICT_OK) {
        return run_exit_status(result);
    }
    return result->verdict == VERDICT_OK               ? 0
           : result->verdict == VERDICT_CANCELLED      ? RUN_SIGNAL_BASE + SIGINT
           : result->verdict == VERDICT_INTERNAL_ERROR ? RUN_FAILED
                                                       : 1;
}

static int exit_status(const json_t *execution, const struct result *result)
{
    bool tests = json_array_size(json_object_get(execution, "tests")) > 0;
    return tests ? tests_status(result) : run_exit_status(result);
}

static int explain(const char *command, const json_t *execution, const struct result *result)
{
    AUTO(buf_done) struct buf line = {0};
    run_explain(command, result, &line);
    cli_put(&line, stderr);
    return exit_status(execution, result);
}

int run_explain_execution(const char *command, const json_t *execution)
{
    AUTO(result_done) struct result result;
    result_init(&result);
    native_result(execution, &result);
    return explain(command, execution, &result);
}

int run_print_execution(const char *command, const json_t *execution, bool as_json)
{
    AUTO(result_done) struct result result;
    AUTO(buf_done) struct buf tests = {0};
    result_init(&result);
    native_result(execution, &result);
    if (as_json) {
        json_dumpf(execution, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
        putchar('\n');
        return exit_status(execution, &result);
    }
    stage_print(&result.compile, stderr);
    stage_print(&result.run, stdout);
    execution_tests_text(execution, &tests);
    cli_put(&tests, stdout);
    fflush(stdout);
    return explain(command, execution, &result);
}

static int execute(const struct run_options *o, json_t *body, struct err *e)
{
    AUTO(remote_json_freep) json_t *execution = NULL;
    json_object_set_new(body, "wait", json_true());
    int r = native_post(&o->remote, body, &execution, e);
    if (r == 0 && !native_is_over(execution)) {
        r = events_wait(&o->remote, &execution, e);
    }
    return r < 0 ? r : run_print_execution("run", execution, o->json);
}

int run_read_stdin(const struct run_options *o, struct buf *ret, struct err *e)
{
    if (o->source_is_stdin || isatty(STDIN_FILENO)) {
        return 0; /* nobody could type what a program asks for later */
    }
    int r = fd_read_all(STDIN_FILENO, STDIN_MAX, ret, e);
    return r < 0 ? err_wrap(e, "reading the input") : 0;
}

int run_remote(const struct run_options *o)
{
    AUTO(remote_json_freep) json_t *body = NULL;
    AUTO(buf_done) struct buf input = {0};
    struct err e = {0};
    if (o->tty) {
        return run_session(o);
    }
    int r = native_body(o, &body, &e);
    if (r == 0) {
        r = run_read_stdin(o, &input, &e);
    }
    if (r == 0) {
        native_add_stdin(body, &input);
        r = execute(o, body, &e);
    }
    if (r == -ERR_UNSUPPORTED) {
        r = run_piston(o, &input, &e);
    }
    if (r < 0) {
        cli_error("run", &e);
        return RUN_FAILED;
    }
    return r;
}
