/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxproto/egress_config.h"
#include "sandbox/launch_child.h"
#include "sandbox/launch_instance.h"

#define EGRESS_NAME "belljar-egress"
#define TUN_PATH    "/dev/net/tun"

struct child {
    int program, config, sock;
};

static int child_run(const void *ctx, pid_t parent, int *report, struct err *e)
{
    const struct child *child = ctx;
    int fds[] = {child->sock, child->config, child->program};
    _Static_assert(EGRESS_FD_BOXD == 3 && EGRESS_FD_CONFIG == 4, "the order above");
    int r = launch_child_detach(parent, e);
    r = r < 0 ? r : launch_child_stdio(e);
    r = r < 0 ? r : launch_child_place(fds, ARRAY_LEN(fds), report, e);
    if (r < 0) {
        return r;
    }
    int program = EGRESS_FD_CONFIG + 1;
    char name[] = EGRESS_NAME;
    char *const argv[] = {name, NULL};
    char *const env[] = {NULL};
    if (fcntl(program, F_SETFD, FD_CLOEXEC) == 0) {
        syscall(SYS_execveat, program, "", argv, env, AT_EMPTY_PATH);
    }
    return err_sys(e, "starting " EGRESS_NAME);
}

/* boxd's child finds the same out for each box; here it is a reason not to start. */
static int tun_check(struct err *e)
{
    AUTO(fd_closep) int fd = open(TUN_PATH, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        err_sys(e, "network.disable is false, but boxes can have no network here: open '%s'",
                TUN_PATH);
        return err_wrap(e, "modprobe tun, chmod 0666 " TUN_PATH
                           ", or in a container --device " TUN_PATH);
    }
    return 0;
}

static int spawn(const struct egress_config *config, int sock, pid_t *ret_pid, struct err *e)
{
    AUTO(fd_closep) int program = -1;
    AUTO(fd_closep) int memfd = -1;
    int r = tun_check(e);
    r = r < 0 ? r : launch_program_open(EGRESS_NAME, "egress", &program, e);
    r = r < 0 ? r : fd_memfd("egress-config", config, sizeof(*config), true, &memfd, e);
    if (r < 0) {
        return r;
    }
    const struct child child = {program, memfd, sock};
    return launch_child("egress", child_run, &child, ret_pid, e);
}

int egress_spawn(const struct instance *instance, const struct egress_config *egress,
                 pid_t *ret_pid, int *ret_sock, struct err *e)
{
    struct egress_config config = *egress;
    uid_t uid = instance_egress_uid(instance);
    config.uid = uid;
    config.gid = uid == geteuid() ? getegid() : uid;
    int pair[2];
    int r = fd_seqpacket_pair_guarded(pair, e);
    if (r < 0) {
        return r;
    }
    AUTO(fd_closep) int ours = pair[0];
    AUTO(fd_closep) int theirs = pair[1];
    r = spawn(&config, theirs, ret_pid, e);
    if (r == 0) {
        *ret_sock = TAKE(&ours, -1);
    }
    return r;
}
