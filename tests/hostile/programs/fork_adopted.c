/*
 * threat: B1
 * defence: limit of processes; init buries whoever it is left with
 * tries: leave all its children to init, dead and alive, until there is no place for more
 * must: the dead give their places back, the living stay within the limit
 * shows: five hundred living processes, or none for the dead ones' places
 * needs: process limit
 * off: processes
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#define MOST 450
/* A child of the caller's parent: of init's, when the program calls it. */
static long sibling(void)
{
    return syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
}
int main(void)
{
    int refused = 0;
    for (int i = 0; i < 2000; i++) {
        long child = sibling();
        if (child == 0) {
            _exit(0);
        }
        refused = child < 0 ? refused + 1 : refused;
        usleep(child < 0 ? 1000 : 0);
    }
    if (refused > 1000) {
        puts("LEAK: the dead are not buried");
    }
    int living = 0;
    for (int i = 0; i < MOST; i++) {
        pid_t child = fork();
        if (child == 0) {
            long orphan = fork();
            if (orphan == 0) {
                pause();
            }
            _exit(orphan < 0);
        }
        int status = 1;
        if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) {
            break;
        }
        living++;
    }
    printf("%s: %d living\n", living == MOST ? "LEAK" : "held", living);
    return 0;
}
