/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/doctor_start.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/launch_host.h"

static enum doctor_start namespaces_make(void)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
        return START_NO_USERNS;
    }
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? START_NO_MOUNT : START_WORKS;
}

/* In a child: the namespaces are gone with it. */
enum doctor_start doctor_start_try(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        _exit((int)namespaces_make());
    }
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
        return START_NO_USERNS;
    }
    return (enum doctor_start)WEXITSTATUS(status);
}

static const struct {
    const char *lacks, *remedy;
    enum container_need need;
} failures[] = {
    [START_NO_USERNS] = {"user namespaces may not be made here: no box can be made",
                         "start as root; in a container, its seccomp profile must let unshare and "
                         "mount through",
                         NEED_CALLS},
    [START_NO_MOUNT] = {"nothing may be mounted here: no box can be made",
                        "start as root; in a container, its seccomp and AppArmor profiles must let "
                        "mount through",
                        NEED_CALLS},
};

void doctor_start_explain(enum doctor_start start, enum container c, struct doctor_row *row)
{
    bool apparmor = start == START_NO_MOUNT && container_has_apparmor();
    row->meaning = failures[start].lacks;
    row->need = apparmor ? NEED_APPARMOR : failures[start].need;
    const char *obstacle = host_userns_obstacle(), *option = container_option(c, row->need);
    row->remedy = obstacle ? obstacle : option ? option : failures[start].remedy;
}
