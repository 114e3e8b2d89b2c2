/*
 * threat: B2
 * defence: everything in a box dies before its result is read
 * tries: leave thirty daemons that ignore every signal, hold each other up and wait to write
 * must: the answer comes at once, and the next run sees no process and no file of them
 * request: {"limits": {"wall_ms": 30000}}
 * again: 2
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static void watch(void)
{
    for (int i = 1; i < 65; i++) {
        signal(i, SIG_IGN);
    }
    setsid();
    for (;;) {
        sleep(1);
        close(open("/tmp/orphan", O_CREAT, 0600));
        printf("LEAK: it lives\n");
        fflush(stdout);
    }
}
int main(void)
{
    DIR *proc = opendir("/proc");
    for (struct dirent *d; (d = readdir(proc));) {
        int pid = atoi(d->d_name);
        if (pid > 1 && pid != getpid()) {
            printf("LEAK: process %d\n", pid);
        }
    }
    if (access("/tmp/orphan", F_OK) == 0) {
        puts("LEAK: a file of an orphan's");
    }
    puts("held");
    fflush(stdout);
    for (int i = 0; i < 30; i++) {
        if (fork() == 0) {
            setsid();
            if (fork() == 0) {
                watch();
            }
            _exit(0);
        }
    }
    return 0;
}
