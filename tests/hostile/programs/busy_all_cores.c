/*
 * threat: C3
 * defence: CPU limit of the box
 * tries: burn every core in threads
 * must: the CPU limit counts all of them together
 * expect: {"verdict": "time_limit", "lacks": "LEAK"}
 * request: {"limits": {"cpu_ms": 500}}
 * needs: CPU time of a box
 * off: cpu-time
 */
#include <pthread.h>
#include <stdio.h>
#include <time.h>
static void *burn(void *arg)
{
    for (;;) {
        __asm__ volatile("");
    }
    return arg;
}
int main(void)
{
    pthread_t t;
    for (int i = 0; i < 8; i++) {
        pthread_create(&t, 0, burn, 0);
    }
    while (clock() < 3 * CLOCKS_PER_SEC / 2) {
    }
    puts("LEAK: 1.5 s of CPU time with a limit of 0.5");
    return 0;
}
