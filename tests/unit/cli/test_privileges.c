/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/privileges.h"

/* Runs `probe` behind the server's filter, in a child; what it returned, or -1. */
static int behind_filter(int (*probe)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        struct err e;
        _exit(privileges_filter(&e) < 0 ? 255 : probe());
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) != 255 ? WEXITSTATUS(status) : -1;
}

/* How many families beyond those that a server needs were not refused. */
static int odd_families_open(void)
{
    int open = 0;
    for (int family = 0; family < AF_MAX; family++) {
        if (family != AF_UNIX && family != AF_INET && family != AF_INET6 && family != AF_NETLINK) {
            open += socket(family, SOCK_RAW, 0) >= 0 || errno != EPERM;
        }
    }
    return open;
}

static int plain_families_refused(void)
{
    static const int families[] = {AF_UNIX, AF_INET};
    int refused = 0;
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        refused += socket(families[i], SOCK_STREAM, 0) < 0;
    }
    return refused;
}

/* How many ways to another process there are. */
static int processes_made(void)
{
    int made = 0;
    made += syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0 || errno != EPERM;
    made += syscall(SYS_clone3, NULL, 0) >= 0 || errno != ENOSYS;
    made += syscall(SYS_execve, "/bin/true", NULL, NULL) == 0 || errno != EPERM;
    made += unshare(CLONE_NEWUSER) == 0 || errno != EPERM;
    return made;
}

static void filter_refuses_odd_socket_families(void **state)
{
    (void)state;
    assert_int_equal(behind_filter(odd_families_open), 0);
}

static void filter_leaves_plain_sockets(void **state)
{
    (void)state;
    assert_int_equal(behind_filter(plain_families_refused), 0);
}

static void filter_refuses_new_processes(void **state)
{
    (void)state;
    assert_int_equal(behind_filter(processes_made), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filter_refuses_odd_socket_families),
        cmocka_unit_test(filter_leaves_plain_sockets),
        cmocka_unit_test(filter_refuses_new_processes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
