/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prove_daemons.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/events.h"
#include "cli/native.h"
#include "cli/prove_process.h"
#include "cli/prove_run.h"
#include "sandbox/launch_ids.h"

#define CAP(cap)    (UINT64_C(1) << (cap))
#define START_NS    (30 * NS_PER_S) /* an emulated machine takes its time */
#define PAUSE_NS    (5 * NS_PER_MS)
#define BOX_SOURCE  "exec sleep 50\n"
#define BOX_PROGRAM "sleep"

#define BOXD_CAPS                                                                                  \
    (CAP(CAP_CHOWN) | CAP(CAP_KILL) | CAP(CAP_SETGID) | CAP(CAP_SETUID) | CAP(CAP_SYS_ADMIN) |     \
     CAP(CAP_SYS_TIME) | CAP(CAP_SETFCAP))
/* In its own user namespace, where there are two ids. */
#define INIT_CAPS  (CAP(CAP_KILL) | CAP(CAP_SETGID) | CAP(CAP_SETUID))
#define MAKER_CAPS (CAP(CAP_SYS_ADMIN) | CAP(CAP_NET_ADMIN))

enum ids { IDS_ANY, IDS_NOT_ROOT, IDS_OF_BOXES };

struct rule {
    const char *threat, *process, *defence;
    uint64_t caps; /* the most that it may have in its permitted set */
    bool bounded;  /* nor may it get others by executing something */
    enum ids ids;  /* as root */
};

static const struct rule rules[] = {
    {"P1", "server", "the process that reads foreign bytes has no privilege", 0, true,
     IDS_NOT_ROOT},
    {"P2", "boxd", "the process that makes boxes has what it needs, and parses no text", BOXD_CAPS,
     false, IDS_ANY},
    {"P2", "boxd-netns", "two capabilities, to make network namespaces", MAKER_CAPS, false,
     IDS_ANY},
    {"P3", "egress", "the process that carries packets has no privilege", 0, true, IDS_NOT_ROOT},
    {"P4", "init", "the first process of a box reaches the ids of its box, and no more", INIT_CAPS,
     true, IDS_OF_BOXES},
    {"P4", "program", "a program has no privilege", 0, true, IDS_OF_BOXES},
};

/* --- one process ------------------------------------------------------------------------------ */

static unsigned long long number_of(const char *status, const char *key, int base)
{
    unsigned long long value = 0;
    (void)prove_status_number(status, key, base, &value);
    return value;
}

static bool id_is_right(const struct prove_run *run, const struct rule *rule, const char *status)
{
    unsigned long long uid = number_of(status, "Uid", 10);
    if (run->host.id_first == 0 || rule->ids == IDS_ANY) {
        return true;
    }
    bool boxes = uid >= run->host.id_first && uid < run->host.id_first + IDS_WINDOW;
    return uid != 0 && (boxes || rule->ids == IDS_NOT_ROOT);
}

static void caps_judge(const struct rule *rule, const char *status, struct buf *why)
{
    static const char *const sets[] = {"CapPrm", "CapEff", "CapInh", "CapAmb", "CapBnd"};
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        uint64_t more = number_of(status, sets[i], 16) & ~rule->caps;
        if (more != 0 && (rule->bounded || strcmp(sets[i], "CapBnd") != 0)) {
            buf_add_fmt(why, "%s%s holds %#llx beyond what it needs", why->len ? "; " : "", sets[i],
                        (unsigned long long)more);
        }
    }
}

static void status_judge(const struct prove_run *run, const struct rule *rule, const char *status,
                         struct buf *why)
{
    caps_judge(rule, status, why);
    if (number_of(status, "NoNewPrivs", 10) != 1) {
        buf_add_fmt(why, "%sno_new_privs is not set", why->len ? "; " : "");
    }
    if (number_of(status, "Seccomp", 10) != SECCOMP_MODE_FILTER) {
        buf_add_fmt(why, "%sno system call filter", why->len ? "; " : "");
    }
    if (!id_is_right(run, rule, status)) {
        buf_add_fmt(why, "%sits id is %llu", why->len ? "; " : "", number_of(status, "Uid", 10));
    }
}

/* All its threads: each has filters and capabilities of its own.  false: it has just ended. */
static bool process_judge(const struct prove_run *run, const struct rule *rule, pid_t pid,
                          struct buf *why)
{
    char path[64];
    AUTO(dir_closep) DIR *tasks = NULL;
    AUTO(buf_done) struct buf status = {0};
    struct err e;
    bool any = false;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    if (dir_open(AT_FDCWD, path, &tasks, &e) < 0) {
        return false;
    }
    for (const struct dirent *task; (task = dir_next(tasks)) != NULL && why->len == 0;) {
        snprintf(path, sizeof(path), "task/%.20s/status", task->d_name);
        if (prove_process_read(pid, path, &status)) {
            status_judge(run, rule, status.data, why);
            any = true;
        }
    }
    return any;
}

/* --- finding them ----------------------------------------------------------------------------- */

/* In a box a process has a second number; init's is 1. */
static const char *role_of(const struct prove_run *run, pid_t pid, char name[PROVE_NAME_MAX])
{
    AUTO(buf_done) struct buf status = {0};
    if (!prove_process_name(run->host.parent, pid, name) ||
        !prove_process_read(pid, "status", &status)) {
        return "";
    }
    const char *line = strstr(status.data, "\nNSpid:");
    AUTO(mem_freep) char *text = line ? xstrndup(line + 1, strcspn(line + 1, "\n")) : NULL;
    AUTO(strv_freep) char **numbers = text ? strv_split(text, " \t") : NULL;
    size_t count = strv_len(numbers);
    if (!numbers || count < 3) {
        return name;
    }
    bool executed = strcmp(name, BOX_PROGRAM) == 0;
    return strcmp(numbers[count - 1], "1") == 0 ? "init" : executed ? "program" : "";
}

static pid_t process_find(const struct prove_run *run, const char *role)
{
    AUTO(mem_freep) pid_t *pids = xcalloc(PROVE_PROCESSES_MAX, sizeof(*pids));
    size_t count = prove_processes(run->host.parent, pids);
    for (size_t i = 0; i < count; i++) {
        char name[PROVE_NAME_MAX];
        if (strcmp(role_of(run, pids[i], name), role) == 0) {
            return pids[i];
        }
    }
    return -1;
}

/* --- a box to look at ------------------------------------------------------------------------- */

static int box_start(struct prove_run *run, json_t **ret, struct err *e)
{
    AUTO(remote_json_freep)
    json_t *request = json_pack("{s:s, s:s}", "language", "bash", "source", BOX_SOURCE);
    AUTO(remote_json_freep) json_t *answer = NULL;
    long status = 0;
    int r = prove_run_post(run, request, &status, &answer, e);
    if (r == 0 && !json_object_get(answer, "id")) {
        r = remote_refusal(&run->remote, status, answer, e);
    }
    uint64_t end = clock_mono_ns(&clock_system) + START_NS;
    while (r == 0 && process_find(run, "program") < 0) {
        struct timespec pause = {.tv_nsec = PAUSE_NS};
        nanosleep(&pause, NULL);
        if (clock_mono_ns(&clock_system) > end) {
            r = err_set(e, ERR_BUSY, "a program does not start within half a minute");
        }
    }
    if (r == 0) {
        *ret = TAKE(&answer, NULL);
    }
    return r;
}

static int box_end(struct prove_run *run, json_t **execution, struct err *e)
{
    const char *id = json_string_value(json_object_get(*execution, "id"));
    AUTO(mem_freep) char *path = xasprintf(NATIVE_EXECUTIONS "/%s", id);
    AUTO(remote_json_freep) json_t *answer = NULL;
    long status = 0;
    return remote_call(&run->remote, "DELETE", path, NULL, &status, &answer, e);
}

/* --- the rows --------------------------------------------------------------------------------- */

static bool row_make(const struct prove_run *run, const struct rule *rule, struct prove_row *ret)
{
    AUTO(buf_done) struct buf why = {0};
    pid_t pid = process_find(run, rule->process);
    if (pid < 0 || !process_judge(run, rule, pid, &why)) {
        return false;
    }
    ret->threat = xstrdup(rule->threat);
    ret->name = xstrdup(rule->process);
    ret->defence = xstrdup(rule->defence);
    ret->tries = xstrdup("ids, capabilities, no_new_privs and filter, as the kernel tells them");
    prove_row_set(ret, why.len ? PROVE_LEAKED : PROVE_HELD, why.len ? why.data : "");
    return true;
}

int prove_daemons(struct prove_run *run, struct prove_row ret[PROVE_DAEMONS_MAX], size_t *ret_count,
                  struct err *e)
{
    _Static_assert(ARRAY_LEN(rules) <= PROVE_DAEMONS_MAX, "a row for each");
    AUTO(remote_json_freep) json_t *execution = NULL;
    int r = prove_run_has_language(run, "bash") ? box_start(run, &execution, e) : 0;
    if (r < 0) {
        return r;
    }
    *ret_count = 0;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        *ret_count += row_make(run, &rules[i], &ret[*ret_count]);
    }
    return execution ? box_end(run, &execution, e) : 0;
}
