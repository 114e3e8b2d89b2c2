/*
 * threat: C3
 * defence: CPU limit of the box
 * tries: burn every core in threads
 * must: the CPU limit counts all of them together
 * expect: {"verdict": "time_limit"}
 * request: {"limits": {"cpu_ms": 500}}
 */
#include <pthread.h>
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
    burn(0);
}
