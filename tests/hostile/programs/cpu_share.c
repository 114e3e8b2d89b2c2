/*
 * threat: C3
 * defence: quota of CPUs of the box
 * tries: use more than the tenth of a CPU that it was given, in threads
 * must: never more than the quota over half a second
 * needs: CPU quota
 * request: {"limits": {"cpus": 0.1}}
 * off: cpu-quota
 */
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#define SECONDS 0.6
static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
static void *burn(void *arg)
{
    double begin = now(CLOCK_MONOTONIC);
    while (now(CLOCK_MONOTONIC) - begin < SECONDS) {
    }
    return arg;
}
int main(void)
{
    pthread_t thread[3];
    double begin = now(CLOCK_MONOTONIC), used = now(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < 3; i++) {
        pthread_create(&thread[i], 0, burn, 0);
    }
    burn(0);
    for (int i = 0; i < 3; i++) {
        pthread_join(thread[i], 0);
    }
    double share = (now(CLOCK_PROCESS_CPUTIME_ID) - used) / (now(CLOCK_MONOTONIC) - begin);
    printf("%s: %.2f of a CPU\n", share < 0.17 ? "held" : "LEAK", share);
    return 0;
}
