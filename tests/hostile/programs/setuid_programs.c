/*
 * threat: A11
 * defence: nosuid on all mounts, no_new_privs, ids of the host that are not mapped
 * tries: become another id by the setuid and setgid programs that it finds, and by one of its own
 * must: each starts as its caller, or not at all
 * shows: a program that the kernel runs as privileged hides its auxiliary vector (AT_SECURE)
 * off: nosuid+no-new-privs+userns
 * control: bare
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
static void try(const char *path)
{
    char answer[65536];
    int p[2];
    if (pipe(p) < 0) {
        return;
    }
    pid_t child = fork();
    if (child == 0) {
        dup2(p[1], 1);
        dup2(p[1], 2);
        close(0);
        alarm(1); /* some sleep when they are called like this */
        setenv("LD_SHOW_AUXV", "1", 1);
        execl(path, path, "--version", (char *)0);
        printf("AT_SECURE:            0 (not started)\n");
        fflush(stdout);
        _exit(0);
    }
    close(p[1]);
    size_t len = 0;
    char *secure = 0;
    for (ssize_t n; !secure && (n = read(p[0], answer + len, sizeof(answer) - 1 - len)) > 0;) {
        answer[len += (size_t)n] = 0;
        secure = strstr(answer, "AT_SECURE:            ");
    }
    kill(child, SIGKILL);
    close(p[0]);
    wait(0);
    if (!secure || atoi(secure + 10) != 0) {
        printf("LEAK: %s ran with privileges\n", path);
    }
}
int main(void)
{
    static const char *const dirs[] = {"/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/games"};
    char command[256];
    int count = 0;
    for (unsigned i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        snprintf(command, sizeof(command), "find %s -type f -perm /6000 2>/dev/null", dirs[i]);
        FILE *found = popen(command, "r");
        char path[256];
        while (found && fgets(path, sizeof(path), found)) {
            path[strcspn(path, "\n")] = 0;
            try(path);
            count++;
        }
    }
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0) {
        puts("note: no_new_privs is off");
    }
    uid_t me = geteuid();
    if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0 || geteuid() != me) {
        puts("LEAK: id 0");
    }
    printf("held: %d programs\n", count);
    return 0;
}
