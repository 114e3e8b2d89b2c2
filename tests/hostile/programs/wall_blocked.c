/*
 * threat: C4
 * defence: wall time limit of the box
 * tries: block in every way there is: futex, FIFO, select, poll, signals, a lock, a read, each ignoring all signals
 * must: the wall limit ends all of it
 * request: {"limits": {"wall_ms": 500}}
 * expect: {"verdict": "wall_time_limit", "lacks": "LEAK"}
 * off: wall-time
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
static void block(int how)
{
    static int word, pipes[2];
    sigset_t all;
    switch (how) {
    case 0:
        syscall(SYS_futex, &word, FUTEX_WAIT, 0, 0, 0, 0);
        break;
    case 1:
        open("/tmp/fifo", O_RDONLY);
        break;
    case 2:
        select(0, 0, 0, 0, 0);
        break;
    case 3:
        poll(0, 0, -1);
        break;
    case 4:
        sigfillset(&all);
        sigsuspend(&all);
        break;
    case 5:
        flock(open("/tmp/lock", O_RDWR), LOCK_EX);
        break;
    default:
        if (pipe(pipes) == 0 && read(pipes[0], &word, 1) < 0) {
            _exit(1);
        }
    }
}
int main(void)
{
    for (int i = 1; i < 65; i++) {
        signal(i, SIG_IGN);
    }
    mkfifo("/tmp/fifo", 0600);
    flock(open("/tmp/lock", O_RDWR | O_CREAT, 0600), LOCK_EX);
    for (int how = 0; how < 7; how++) {
        if (fork() == 0) {
            block(how);
            pause();
        }
    }
    sleep(2);
    puts("LEAK: it lived for 2 s");
    return 0;
}
