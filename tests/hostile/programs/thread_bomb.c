/*
 * threat: B1
 * defence: limit of processes
 * tries: start threads without end
 * must: pthread_create fails at the process limit
 * needs: process limit
 * off: processes
 * control: bare
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static void *sleeper(void *arg)
{
    pause();
    return arg;
}
int main(void)
{
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 65536);
    int n = 0;
    pthread_t t;
    while (n < 400 && pthread_create(&t, &attr, sleeper, 0) == 0) {
        n++;
    }
    printf(n >= 300 ? "LEAK: %d threads\n" : "held at %d\n", n);
    return 0;
}
