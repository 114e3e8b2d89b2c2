/*
 * threat: D7
 * defence: calls of a foreign ABI end the process, not the thread
 * tries: try foreign calls in children and threads, and go on when one of them is killed
 * must: each dies of SIGSYS, none answers
 * off: filter-abi
 * control: bare
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
static void *foreign(void *arg)
{
#ifdef __x86_64__
    long r;
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(20) : "memory");
#else
    raise(SIGSYS);
#endif
    return arg;
}
static void child(int threaded)
{
    pthread_t thread;
    if (threaded) {
        pthread_create(&thread, 0, foreign, 0);
        pthread_join(thread, 0);
    } else {
        signal(SIGSYS, SIG_IGN);
        foreign(0);
    }
    _exit(0);
}
int main(void)
{
    for (int threaded = 0; threaded < 2; threaded++) {
        pid_t pid = fork();
        if (pid == 0) {
            child(threaded);
        }
        int status;
        if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
            printf("LEAK: it lived on (%d): %x\n", threaded, status);
        }
    }
    puts("held");
    return 0;
}
