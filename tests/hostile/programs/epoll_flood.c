/*
 * threat: B7
 * defence: memory of the kernel counts as memory of the box
 * tries: a hundred thousand watches and chains of epoll descriptors
 * must: EMFILE, ENOSPC, ELOOP or the memory limit; the next job is well
 * request: {"limits": {"memory_bytes": 33554432}}
 * expect: {"verdict": ["ok", "memory_limit"], "lacks": "LEAK"}
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
int main(void)
{
    static int polls[200], events[50];
    long watches = 0;
    for (int i = 0; i < 50; i++) {
        events[i] = eventfd(1, 0);
    }
    for (int i = 0; i < 200; i++) {
        polls[i] = epoll_create1(0);
        struct epoll_event event = {.events = EPOLLIN};
        for (int n = 0; n < 50; n++) {
            watches += epoll_ctl(polls[i], EPOLL_CTL_ADD, events[n], &event) == 0;
        }
        /* Each watches those before it: a tree of wake-ups. */
        for (int n = 0; n < i; n++) {
            watches += epoll_ctl(polls[i], EPOLL_CTL_ADD, polls[n], &event) == 0;
        }
    }
    struct epoll_event ready[8];
    for (int i = 0; i < 200; i++) {
        epoll_wait(polls[i], ready, 8, 0);
    }
    printf("%s: %ld watches\n", watches > 100000 ? "LEAK" : "held", watches);
    return 0;
}
