/*
 * tries: burn every core in threads
 * must: the CPU limit counts all of them together
 * expect: {"status": "TO", "message": "Time limit exceeded"}
 * request: {"run_cpu_time": 500}
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
