/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar doctor: starts a boxd as the server would, and prints what it found out about this host.
 * Where it cannot be started: why, and what can be told without it.
 */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "boxproto/boxproto.h"
#include "boxproto/weaken.h"
#include "cli/args.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/host.h"
#include "config/config.h"
#include "sandbox/container.h"
#include "sandbox/doctor.h"
#include "sandbox/launch.h"
#include "sandbox/sandbox.h"

struct findings {
    bool asked; /* boxd has answered */
    struct box_boxd_hello hello;
    char *cgroup_lack;
    struct err failure; /* kind != 0: what a server would not start for */
};

/* boxd's first packet is all that is wanted of it. */
static int hello_read(int sock, struct box_boxd_hello *ret, struct err *e)
{
    struct loop *loop = NULL;
    struct sandbox *sandbox = NULL;
    int r = loop_new(&loop, e);
    if (r < 0) {
        fd_close(sock);
        return r;
    }
    r = sandbox_new(loop, sock, NULL, &sandbox, e);
    if (r == 0) {
        *ret = *sandbox_hello(sandbox);
    }
    sandbox_free(sandbox);
    loop_free(loop);
    return r;
}

static int boxd_ask(const struct launch_config *launch, struct instance *instance,
                    struct findings *f, struct err *e)
{
    pid_t pid;
    int sock;
    int r = boxd_spawn(launch, instance, &pid, &sock, e);
    if (r < 0) {
        return r;
    }
    r = hello_read(sock, &f->hello, e);
    f->asked = r == 0;
    (void)waitpid(pid, NULL, 0); /* it ends with its socket */
    return r;
}

static int examine(const struct config *config, struct findings *f, struct err *e)
{
    struct log log = host_log(config, "doctor");
    log.level = log.level > LOG_LEVEL_ERROR ? log.level : LOG_LEVEL_ERROR; /* the table says it */
    struct launch_config launch;
    host_launch_config(config, &log, &launch);
    struct instance *instance = NULL;
    int r = host_enter(&launch, e);
    if (r == 0) {
        r = instance_claim(&launch, &instance, e);
    }
    if (r < 0) {
        return r;
    }
    f->cgroup_lack = xstrdup(instance_cgroup_lack(instance));
    r = boxd_ask(&launch, instance, f, e);
    instance_release(instance);
    return r < 0 ? r : doctor_require(&f->hello, host_require(config, &f->hello), e);
}

static void container_print(const struct doctor_row *rows, unsigned count, struct buf *ret)
{
    enum container c = container_detect();
    const char *options[CONTAINER_NEEDS];
    unsigned found = doctor_options(rows, count, c, options);
    if (found > 0) {
        buf_add_fmt(ret, "\nThis container lacks options of %s (docs/containers.md):\n",
                    container_name(c));
    }
    for (unsigned i = 0; i < found; i++) {
        buf_add_fmt(ret, "  %s\n", options[i]);
    }
}

static json_t *container_json(const struct doctor_row *rows, unsigned count)
{
    enum container c = container_detect();
    if (c == CONTAINER_NONE) {
        return json_null();
    }
    const char *options[CONTAINER_NEEDS];
    unsigned found = doctor_options(rows, count, c, options);
    json_t *list = json_array();
    for (unsigned i = 0; i < found; i++) {
        json_array_append_new(list, json_string(options[i]));
    }
    return json_pack("{s:s, s:o}", "engine", container_name(c), "options", list);
}

static void print_text(const struct findings *f, const struct doctor_row *rows, unsigned count)
{
    AUTO(buf_done) struct buf text = {0};
    doctor_print(rows, count, isatty(STDOUT_FILENO), &text);
    container_print(rows, count, &text);
    if (WEAKEN_BUILD) {
        buf_add_str(&text, "\nThis is a build for tests: BELLJAR_WEAKEN leaves defences out.\n");
    }
    if (f->failure.kind) {
        buf_add_fmt(&text, "\nA server would not start here: %s\n", f->failure.text);
    } else {
        buf_add_str(&text, "\nA server would start here.\n");
    }
    fputs(text.data, stdout);
}

static void print_json(const struct findings *f, const struct doctor_row *rows, unsigned count)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < count; i++) {
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "feature", rows[i].feature, "state",
                            doctor_state_name(rows[i].state), "detail", rows[i].detail, "meaning",
                            rows[i].meaning, "remedy", rows[i].remedy));
    }
    json_t *whole =
        json_pack("{s:s, s:b, s:s*, s:o, s:o}", "version", BELLJAR_VERSION, "ok",
                  f->failure.kind == 0, "error", f->failure.kind ? f->failure.text : NULL,
                  "container", container_json(rows, count), "features", list);
    if (WEAKEN_BUILD) {
        json_object_set_new(whole, "test_build", json_true());
    }
    json_dumpf(whole, stdout, JSON_INDENT(2));
    fputs("\n", stdout);
    json_decref(whole);
}

static int words_read(char **argv, struct config **ret, bool *ret_json, struct err *e)
{
    AUTO(args_done)
    struct args args = {.words = argv + 1, .flags = command_find("doctor")->flags};
    const struct cli_flag *flag;
    const char *value;
    int step;
    while ((step = args_next(&args, &flag, &value, e)) == ARGS_FLAG) {
        *ret_json = true; /* doctor has no other flag of its own */
    }
    if (step < 0) {
        return step;
    }
    if (args.words[0]) {
        return err_set(e, ERR_INVALID, "'%s' is no flag; 'belljar help doctor' lists them",
                       args.words[0]);
    }
    char **rest = NULL;
    int r = config_load(args.config, environ, ret, &rest, e);
    free(rest);
    return r;
}

int cmd_doctor(int argc, char **argv)
{
    (void)argc;
    AUTO(config_freep) struct config *config = NULL;
    bool json = false;
    struct err e;
    if (words_read(argv, &config, &json, &e) < 0) {
        cli_error("doctor", &e);
        return CLI_USAGE;
    }
    struct findings f = {0};
    if (examine(config, &f, &e) < 0) {
        f.failure = e;
    }
    struct doctor_row rows[DOCTOR_ROWS_MAX];
    unsigned count = doctor_rows(f.asked ? &f.hello : NULL, f.cgroup_lack, rows);
    (json ? print_json : print_text)(&f, rows, count);
    free(f.cgroup_lack);
    return f.failure.kind ? CLI_FAILED : CLI_OK;
}
