/*
 * threat: A11
 * defence: no_new_privs is set and cannot be taken back
 * tries: find it unset, unset it, and gain by a file with capabilities or an id
 * must: it is set, for children and after an exec too
 * off: no-new-privs
 * control: bare
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) {
        puts("LEAK: no_new_privs is off");
    }
    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    prctl(PR_SET_SECUREBITS, 0, 0, 0, 0);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 7, 0, 0);
    char line[128];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof(line), status)) {
        if (strncmp(line, "Cap", 3) == 0 && strspn(line + 8, "0\n") != strlen(line + 8)) {
            printf("LEAK: %s", line);
        }
    }
    if (argc == 1) {
        chmod(argv[0], 06755);
        fflush(stdout);
        if (fork() == 0) {
            execl(argv[0], argv[0], "again", (char *)0);
            _exit(1);
        }
        wait(0);
        puts("held");
    }
    return 0;
}
