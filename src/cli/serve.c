/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar serve: reads the configuration, claims what an instance needs (number, ids, cgroups, data
 * directory), lets the supervisor run boxd and the server process, and gives everything back.
 */
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"
#include "boxproto/egress_config.h"
#include "boxproto/weaken.h"
#include "cli/args.h"
#include "cli/audit.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/data_dir.h"
#include "cli/host.h"
#include "cli/packages_dir.h"
#include "cli/prepared_dir.h"
#include "cli/supervisor.h"
#include "config/config.h"
#include "sandbox/launch.h"

#define UNZIP_MAX ((size_t)64 << 20)

struct words {
    struct config *config;
    char **flags; /* that it came from, beside the file and the environment */
    bool print_config;
};

static void words_done(struct words *w)
{
    config_free(w->config);
    strv_free(w->flags);
}

static int words_read(int argc, char **argv, struct words *ret, struct err *e)
{
    (void)argc;
    AUTO(args_done)
    struct args args = {.words = argv + 1, .flags = command_find("serve")->flags};
    bool print_config = false;
    const struct cli_flag *flag;
    const char *value;
    int step;
    while ((step = args_next(&args, &flag, &value, e)) == ARGS_FLAG) {
        print_config = true; /* serve has no other flag of its own */
    }
    if (step < 0) {
        return step;
    }
    if (args.words[0]) {
        err_set(e, ERR_INVALID, "'%s' is no flag; 'belljar help serve' lists them", args.words[0]);
        return -ERR_INVALID;
    }
    char **rest = NULL;
    int r = config_load(args.config, environ, &ret->config, &rest, e);
    free(rest);
    ret->flags = strv_dup(args.config);
    ret->print_config = print_config;
    return r;
}

/* As the host's root: the configured user, else an id that no box and nobody else has. */
static int server_ids(const struct config *config, const struct instance *instance, uid_t *ret_uid,
                      gid_t *ret_gid, struct err *e)
{
    uid_t own = instance_server_uid(instance);
    if (own == geteuid() || config->user[0] == '\0') {
        *ret_uid = own;
        *ret_gid = own == geteuid() ? getegid() : own;
        return 0;
    }
    const struct passwd *entry = getpwnam(config->user); /* NOLINT(concurrency-mt-unsafe) */
    if (!entry) {
        return err_set(e, ERR_NOT_FOUND,
                       "server.user: there is no user '%s'; make one with "
                       "useradd --system, or leave it empty",
                       config->user);
    }
    if (entry->pw_uid == 0) {
        return err_set(e, ERR_INVALID, "server.user: '%s' is root; name an ordinary user",
                       config->user);
    }
    *ret_uid = entry->pw_uid;
    *ret_gid = entry->pw_gid;
    return 0;
}

/* A copy of it: the server's user may not be allowed to read the file itself. */
static int unzip_copy(int *ret_fd, struct err *e)
{
    AUTO(fd_closep) int file = -1;
    AUTO(buf_done) struct buf program = {0};
    int r = launch_program_open("belljar-unzip", "unzip", &file, e);
    if (r == 0) {
        r = fd_read_all(file, UNZIP_MAX, &program, e);
    }
    return r < 0 ? r : fd_memfd("belljar-unzip", program.data, program.len, true, ret_fd, e);
}

/* Without it everything else works: who needs it is told. */
static int unzip_open(const struct log *log)
{
    int fd = -1;
    struct err e;
    if (unzip_copy(&fd, &e) < 0) {
        LOG_WARN(log, "jobs with an archive will be refused", log_s("why", e.text));
    }
    return fd;
}

/* A setting that shuts callers out is an act, too. */
static void audit_start(const struct log *audit, const struct config *config)
{
    audit_command(audit, "starts the server", BELLJAR_VERSION);
    if (config->judge0_maintenance) {
        audit_command(audit, "starts it with judge0.maintenance_mode",
                      config->judge0_maintenance_message);
    }
    if (config->paused) {
        audit_command(audit, "starts it with engine.paused", "");
    }
}

/* For those that we start: they begin in the cgroup that we are in now. */
static char **flags_of_children(char *const *flags, const struct instance *instance)
{
    AUTO(mem_freep) char *left = instance_cgroup_left(instance);
    char **all = strv_dup(flags);
    if (left) {
        strv_add_take(&all, xasprintf("--cgroup-parent=%s", left));
    }
    return all;
}

static int supervise(const struct words *words, const struct launch_config *launch,
                     const struct owned_dir *prepared, const struct owned_dir *packages,
                     struct instance *instance, bool *ret_told, struct err *e)
{
    const struct config *config = words->config;
    AUTO(strv_freep) char **flags = flags_of_children(words->flags, instance);
    struct supervisor_config supervisor = {
        .config = config,
        .flags = flags,
        .launch = launch,
        .prepared = prepared,
        .packages = packages,
        .instance = instance,
        .log = launch->log,
    };
    AUTO(mem_freep) struct egress_config *egress = NULL;
    int r = server_ids(config, instance, &supervisor.uid, &supervisor.gid, e);
    r = r < 0 ? r : host_egress(config, &egress, e);
    supervisor.egress = egress;
    if (r < 0) {
        return r;
    }
    struct data_dir data;
    r = data_dir_open(&data, config->data, instance, supervisor.uid, supervisor.gid, e);
    if (r < 0) {
        return r;
    }
    struct log audit = {0};
    r = audit_open(data.dir_fd, "parent", &audit, e);
    supervisor.audit = &audit;
    supervisor.state_fd = data.state_fd;
    supervisor.kept = !data.temporary && host_keeps(config);
    AUTO(fd_closep) int unzip_fd = unzip_open(launch->log);
    supervisor.unzip_fd = unzip_fd;
    if (r == 0) {
        audit_start(&audit, config);
        r = supervisor_run(&supervisor, ret_told, e);
    }
    audit_close(&audit);
    struct err closing;
    if (data_dir_close(&data, instance, &closing) < 0) {
        LOG_WARN(launch->log, "cannot remove the temporary data", log_s("error", closing.text));
    }
    return r;
}

static int serve(const struct words *words, bool *ret_told, struct err *e)
{
    const struct config *config = words->config;
    struct log log = host_log(config, "parent");
    struct launch_config launch;
    AUTO(owned_dir_done) struct owned_dir prepared;
    AUTO(owned_dir_done) struct owned_dir packages;
    host_launch_config(config, &log, &launch);
    prepared_dir_open_or_none(config, "parent", &prepared);
    launch.prepared = prepared.path;
    packages_dir_open_or_none(config, "parent", true, &packages);
    launch.packages = packages.path;
    host_open_files(config);
    (void)signal(SIGPIPE, SIG_IGN); /* who reads the ready line may go */
    if (config_judge0_conf_read(config)) {
        LOG_INFO(&log, "judge0.conf is read", log_s("path", config_judge0_conf_read(config)));
    }
    for (char *const *warning = config_warnings(config); warning && *warning; warning++) {
        LOG_WARN(&log, *warning);
    }
    if (WEAKEN_BUILD) {
        const char *without = getenv("BELLJAR_WEAKEN"); /* NOLINT(concurrency-mt-unsafe) */
        LOG_WARN(&log, "a build for tests: defences can be left out; never serve strangers with it",
                 log_s("left_out", without ? without : ""));
    }
    struct instance *instance = NULL;
    int r = host_enter(&launch, e);
    if (r == 0) {
        r = instance_claim(&launch, &instance, e);
    }
    if (r < 0) {
        host_table_print(NULL, NULL);
        return r;
    }
    LOG_INFO(&log, "starting", log_s("version", BELLJAR_VERSION),
             log_i("instance", instance_number(instance)), log_i("slots", host_slots(config)),
             log_i("boxes", host_boxes(config)));
    r = supervise(words, &launch, &prepared, &packages, instance, ret_told, e);
    instance_release(instance);
    return r;
}

static int config_show(const struct config *config)
{
    AUTO(buf_done) struct buf text = {0};
    config_print(config, &text);
    fputs(text.data, stdout);
    return CLI_OK;
}

int cmd_serve(int argc, char **argv)
{
    struct err e;
    AUTO(words_done) struct words words = {0};
    if (words_read(argc, argv, &words, &e) < 0) {
        cli_error("serve", &e);
        return CLI_USAGE;
    }
    if (words.print_config) {
        return config_show(words.config);
    }
    bool told = false;
    if (serve(&words, &told, &e) < 0) {
        if (!told) {
            cli_error("serve", &e);
        }
        return CLI_FAILED;
    }
    return CLI_OK;
}
