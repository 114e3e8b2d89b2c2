/*
 * threat: B8
 * defence: ids of the box's own
 * tries: use up what the host counts for a user or for all: inotify instances, timers, aio requests
 * must: the next box has its own share, or there is none at all
 * together: 3
 * off: unique-ids
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static int inotify(void)
{
    return inotify_init1(0) >= 0;
}
static int timer(void)
{
    timer_t id;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    return timer_create(CLOCK_MONOTONIC, &event, &id) == 0;
}
static int aio(void)
{
    unsigned long context = 0;
    return syscall(SYS_io_setup, 4096, &context) == 0;
}
int main(void)
{
    /* Several of these run at once: each takes all that it can get, and keeps it for a second. */
    static const struct {
        const char *name;
        int (*take)(void);
    } quotas[] = {{"inotify", inotify}, {"timers", timer}, {"aio", aio}};
    for (unsigned i = 0; i < sizeof(quotas) / sizeof(quotas[0]); i++) {
        int count = 0;
        while (count < 4096 && quotas[i].take()) {
            count++;
        }
        if (count == 0 && errno != ENOSYS && errno != EPERM) {
            printf("LEAK: another has taken all %s\n", quotas[i].name);
        } else {
            printf("held: %s\n", quotas[i].name);
        }
    }
    fflush(stdout);
    sleep(1);
    return 0;
}
