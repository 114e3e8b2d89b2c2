/*
 * threat: B4
 * defence: the kernel checks who asked for a signal of a descriptor; nobody else shares its pipes
 * tries: have input, output and timers send signals to init and to everybody
 * must: no signal arrives at anybody but the program
 * expect: {"verdict": "nonzero_exit", "exit_code": 7, "has": "held", "lacks": "LEAK"}
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
/* Each end of a socket tells `owner` by SIGKILL that the other has written. */
static void shoot(pid_t owner)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(pair[i], F_SETSIG, SIGKILL);
        fcntl(pair[i], F_SETOWN, owner);
        ioctl(pair[i], FIOSETOWN, &owner);
        fcntl(pair[i], F_SETFL, O_ASYNC | O_NONBLOCK);
    }
    if (write(pair[0], "x", 1) != 1 || write(pair[1], "x", 1) != 1) {
        puts("LEAK: no write to try");
    }
}
int main(void)
{
    for (int fd = 0; fd < 3; fd++) {
        fcntl(fd, F_SETSIG, SIGKILL);
        fcntl(fd, F_SETOWN, 1);
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC);
    }
    shoot(1);
    shoot(-1);
    /* A timer signals threads of its own process only. */
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGKILL};
    event._sigev_un._tid = 1;
    timer_t timer;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) == 0) {
        puts("LEAK: a timer for init");
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    puts("held");
    fflush(stdout);
    return 7;
}
