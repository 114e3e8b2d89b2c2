/*
 * threat: B12
 * defence: a program ends with its last thread
 * tries: end its first thread while another goes on and fails later
 * must: the status is that of the whole
 * expect: {"verdict": "nonzero_exit", "exit_code": 3, "stdout": "later\n"}
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static void *later(void *arg)
{
    (void)arg;
    usleep(300000);
    puts("later");
    exit(3);
}
int main(void)
{
    pthread_t t;
    pthread_create(&t, 0, later, 0);
    syscall(SYS_exit, 0);
    return 0;
}
