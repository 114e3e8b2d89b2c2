/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program of these tests says of itself: its last words are a line "reference" with what the
 * kernel told it (getrusage, clock_gettime), taken inside the same run, so that a busy machine
 * changes both sides alike.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_of(int who)
{
    struct rusage u;
    getrusage(who, &u);
    return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* `others`: CPU seconds of processes that nobody waited for. */
static void tell(double began, double others, uint64_t touched)
{
    printf("\nreference {\"cpu_ms\": %.3f, \"wall_ms\": %.3f, \"bytes\": %ju}\n",
           (cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN) + others) * 1000,
           (seconds(CLOCK_MONOTONIC) - began) * 1000, (uintmax_t)touched);
    fflush(stdout);
}

/* So much CPU time of this thread. */
static void burn(double cpu_seconds)
{
    double end = seconds(CLOCK_THREAD_CPUTIME_ID) + cpu_seconds;
    while (seconds(CLOCK_THREAD_CPUTIME_ID) < end) {
        for (volatile int i = 0; i < 1000; i++) {
        }
    }
}

static void touch(volatile char *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 4096) {
        p[i] = 1;
    }
}
