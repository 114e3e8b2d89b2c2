/*
 * threat: B5
 * defence: the end of init by a lack of memory is told as what it is
 * tries: have the kernel choose init when the box's memory is used up: cheap children, dear parent
 * must: the verdict is the memory limit
 * request: {"limits": {"memory_bytes": 33554432}}
 * expect: {"verdict": "memory_limit", "lacks": "LEAK"}
 * needs: memory limit
 */
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>
int main(void)
{
    /* The most that an unprivileged process can say for itself; for init it may say nothing. */
    int own = open("/proc/self/oom_score_adj", O_WRONLY);
    int init = open("/proc/1/oom_score_adj", O_WRONLY);
    if ((own >= 0 && write(own, "-1000", 5) == 5) || (init >= 0 && write(init, "1000", 4) == 4)) {
        if (write(1, "LEAK: oom_score_adj\n", 20) < 0) {
            return 1;
        }
    }
    for (int i = 0; i < 40; i++) {
        if (fork() == 0) {
            static volatile char room[1 << 20];
            for (size_t at = 0; at < sizeof(room); at += 4096) {
                room[at] = 1;
            }
            for (;;) {
                pause();
            }
        }
    }
    sleep(5);
    return 0;
}
