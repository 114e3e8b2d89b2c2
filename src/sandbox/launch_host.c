/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As an ordinary user: one user namespace, in which boxd has the capabilities that boxes need.
 *
 *   we       unshare(CLONE_NEWUSER)                      id maps are empty: we are nobody
 *   helper   newuidmap, newgidmap (setuid programs)      0 is our own id, 1 and on what /etc/subuid
 * grants we       or, without a grant, write the maps: 0 is our own id, nothing else; setgroups is
 * off
 *
 * The helper is forked before, because inside the namespace a setuid program gains nothing.
 */
#include "sandbox/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "sandbox/launch_host.h"
#include "sandbox/launch_ids.h"

#define SMALL_FILE_BYTES (1 << 20)

/* What boxd keeps, and what is needed to start it. */
static const struct {
    int number;
    const char *name;
} capabilities[] = {
    {CAP_CHOWN, "chown"},         {CAP_DAC_OVERRIDE, "dac_override"}, {CAP_KILL, "kill"},
    {CAP_MKNOD, "mknod"},         {CAP_NET_ADMIN, "net_admin"},       {CAP_SETFCAP, "setfcap"},
    {CAP_SETGID, "setgid"},       {CAP_SETPCAP, "setpcap"},           {CAP_SETUID, "setuid"},
    {CAP_SYS_ADMIN, "sys_admin"}, {CAP_SYS_TIME, "sys_time"},
};

/* The names of those that this process does not have. */
static void capabilities_lacking(struct buf *ret)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
    (void)syscall(SYS_capget, &head, data); /* of this version it cannot fail */
    for (size_t i = 0; i < ARRAY_LEN(capabilities); i++) {
        int number = capabilities[i].number;
        if (!(data[CAP_TO_INDEX(number)].effective & CAP_TO_MASK(number))) {
            buf_add_fmt(ret, "%s%s", ret->len ? ", " : "", capabilities[i].name);
        }
    }
}

bool host_is_privileged(void)
{
    AUTO(buf_done) struct buf lacking = {0};
    capabilities_lacking(&lacking);
    return geteuid() == 0 && lacking.len == 0;
}

long host_sysctl(const char *path)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    long value = -1;
    if (fd_read_path(path, 64, &text, &e) < 0 || sscanf(text.data, "%ld", &value) != 1) {
        return -1;
    }
    return value;
}

const char *host_userns_obstacle(void)
{
    static const struct {
        const char *path;
        long bad;
        const char *remedy;
    } switches[] = {
        {"/proc/sys/kernel/unprivileged_userns_clone", 0,
         "set sysctl kernel.unprivileged_userns_clone=1, or start as root"},
        {"/proc/sys/user/max_user_namespaces", 0,
         "set sysctl user.max_user_namespaces=10000, or start as root"},
        {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1,
         "give belljar an AppArmor profile with 'userns,', or set sysctl "
         "kernel.apparmor_restrict_unprivileged_userns=0, or start as root"},
    };
    for (size_t i = 0; i < ARRAY_LEN(switches); i++) {
        if (host_sysctl(switches[i].path) == switches[i].bad) {
            return switches[i].remedy;
        }
    }
    return NULL;
}

/* Appends what an administrator can do about it. */
static int explain(struct err *e)
{
    const char *remedy = host_userns_obstacle();
    if (!remedy) {
        remedy = "in a container 'belljar doctor' names the options that allow unshare and mount; "
                 "or start as root";
    }
    char why[ERR_TEXT_MAX];
    memcpy(why, e->text, sizeof(why));
    int sys = e->sys;
    int r = err_set(e, ERR_UNSUPPORTED, "%.110s; %s", why, remedy);
    e->sys = sys;
    return r;
}

struct grants {
    struct id_range users, groups; /* count 0: none */
};

static void grant_read(const char *path, const char *name, struct id_range *ret)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    if (fd_read_path(path, SMALL_FILE_BYTES, &text, &e) == 0) {
        (void)subid_find(text.data, name, getuid(), ret);
    }
}

static bool tool_find(const char *name, char *ret, size_t size)
{
    static const char *const dirs[] = {"/usr/bin", "/bin", "/usr/local/bin"};
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        snprintf(ret, size, "%s/%s", dirs[i], name);
        if (access(ret, X_OK) == 0) {
            return true;
        }
    }
    return false;
}

static struct grants grants_find(const struct log *log)
{
    struct grants g = {0};
    const struct passwd *entry = getpwuid(getuid()); /* NOLINT(concurrency-mt-unsafe) */
    const char *name = entry ? entry->pw_name : NULL;
    grant_read("/etc/subuid", name, &g.users);
    grant_read("/etc/subgid", name, &g.groups);
    if (g.users.count == 0 || g.groups.count == 0) {
        return (struct grants){0};
    }
    char path[64];
    if (!tool_find("newuidmap", path, sizeof(path)) ||
        !tool_find("newgidmap", path, sizeof(path))) {
        LOG_WARN(log, "newuidmap is not installed (package uidmap); boxes share your own id");
        return (struct grants){0};
    }
    return g;
}

/* Runs `tool pid 0 own 1 1 first count` and gives its exit status. */
static int map_tool_run(const char *tool, pid_t target, uint32_t own, struct id_range grant)
{
    char path[64], words[5][16];
    if (!tool_find(tool, path, sizeof(path))) {
        return 127;
    }
    snprintf(words[0], sizeof(words[0]), "%d", (int)target);
    snprintf(words[1], sizeof(words[1]), "%" PRIu32, own);
    snprintf(words[2], sizeof(words[2]), "%" PRIu32, grant.first);
    snprintf(words[3], sizeof(words[3]), "%" PRIu32, grant.count);
    pid_t pid = fork();
    if (pid == 0) {
        execl(path, tool, words[0], "0", words[1], "1", "1", words[2], words[3], (char *)NULL);
        _exit(127);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        return 127;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

/* The helper's life: waits for its byte, then maps.  EOF: the parent gave up. */
_Noreturn static void helper_run(int gate_fd, pid_t target, const struct grants *g)
{
    char go;
    if (read(gate_fd, &go, 1) != 1) {
        _exit(1);
    }
    if (map_tool_run("newuidmap", target, getuid(), g->users) != 0 ||
        map_tool_run("newgidmap", target, getgid(), g->groups) != 0) {
        _exit(1);
    }
    _exit(0);
}

static int helper_start(const struct grants *g, pid_t *ret_pid, int *ret_gate, struct err *e)
{
    int gate[2];
    if (pipe2(gate, O_CLOEXEC) < 0) {
        return err_sys(e, "pipe");
    }
    pid_t us = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        close(gate[1]);
        helper_run(gate[0], us, g);
    }
    int saved = errno;
    close(gate[0]);
    if (pid < 0) {
        close(gate[1]);
        errno = saved;
        return err_sys(e, "fork");
    }
    *ret_pid = pid;
    *ret_gate = gate[1];
    return 0;
}

static int map_write(const char *path, const char *text, struct err *e)
{
    AUTO(fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "open '%s'", path);
    }
    if (write(fd, text, strlen(text)) < 0) { /* the kernel takes a map in one write only */
        return err_sys(e, "write '%s'", path);
    }
    return 0;
}

static int map_own_id(uid_t uid, gid_t gid, struct err *e)
{
    char users[32], groups[32];
    snprintf(users, sizeof(users), "0 %" PRIu32 " 1", (uint32_t)uid);
    snprintf(groups, sizeof(groups), "0 %" PRIu32 " 1", (uint32_t)gid);
    const struct {
        const char *path, *text;
    } steps[] = {
        {"/proc/self/setgroups", "deny"}, /* without it the kernel refuses our gid_map */
        {"/proc/self/uid_map", users},
        {"/proc/self/gid_map", groups},
    };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        int r = map_write(steps[i].path, steps[i].text, e);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

static int enter_alone(struct err *e)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (unshare(CLONE_NEWUSER) < 0) {
        err_sys(e, "making a user namespace");
        return explain(e);
    }
    if (map_own_id(uid, gid, e) < 0) {
        return explain(e);
    }
    return 0;
}

static int enter_granted(const struct grants *g, struct err *e)
{
    pid_t helper = -1;
    AUTO(fd_closep) int gate = -1;
    int r = helper_start(g, &helper, &gate, e);
    if (r < 0) {
        return r;
    }
    r = unshare(CLONE_NEWUSER) < 0 ? err_sys(e, "making a user namespace") : 0;
    if (r == 0 && write(gate, "g", 1) != 1) {
        r = err_sys(e, "telling the helper to map ids");
    }
    fd_closep(&gate);
    int status = 0;
    if (waitpid(helper, &status, 0) != helper) {
        return err_sys(e, "waiting for newuidmap");
    }
    if (r < 0) {
        return explain(e);
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return err_set(e, ERR_DENIED,
                       "newuidmap or newgidmap refused the ids that /etc/subuid and /etc/subgid "
                       "grant; correct these files, or remove your lines to use one id (in a "
                       "container: docs/containers.md)");
    }
    /* The groups of the login session mean something outside; boxes must not have them. */
    if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 || setgroups(0, NULL) < 0) {
        return err_sys(e, "taking the ids of the user namespace");
    }
    return 0;
}

int host_enter(const struct launch_config *config, struct err *e)
{
    if (host_is_privileged()) {
        return 0;
    }
    if (getuid() != geteuid() || getgid() != getegid()) {
        return err_set(e, ERR_DENIED, "belljar is not made to be a setuid or setgid program");
    }
    if (geteuid() == 0) { /* a container's root: not worse off than any other user */
        AUTO(buf_done) struct buf lacking = {0};
        capabilities_lacking(&lacking);
        LOG_WARN(config->log, "root lacks capabilities; working in a user namespace",
                 log_s("lacking", lacking.data));
    }
    struct grants grants = grants_find(config->log);
    return grants.users.count > 0 ? enter_granted(&grants, e) : enter_alone(e);
}
