/*
 * threat: B10
 * defence: what a program may do does not depend on where it came from
 * tries: run a program that is no file, from a memfd and from a deleted file
 * must: it has the same ids, filter and no_new_privs as any
 * off: no-new-privs
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
static int copy(int to)
{
    struct stat st;
    int from = open("/proc/self/exe", O_RDONLY);
    fstat(from, &st);
    for (off_t at = 0; at < st.st_size;) {
        if (sendfile(to, from, &at, (size_t)(st.st_size - at)) <= 0) {
            return -1;
        }
    }
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", to);
    fchmod(to, 06755);
    return open(path, O_RDONLY | O_CLOEXEC);
}
static void look(void)
{
    char line[128];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof(line), status)) {
        if (strncmp(line, "Seccomp:\t0", 10) == 0 || strncmp(line, "NoNewPrivs:\t0", 13) == 0) {
            printf("LEAK: %s", line);
        }
    }
    if (geteuid() != getuid() || geteuid() == 0) {
        puts("LEAK: another id");
    }
}
int main(int argc, char **argv)
{
    if (argc > 1) {
        look();
        return 0;
    }
    int fds[] = {memfd_create("program", MFD_CLOEXEC),
                 open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0700)};
    for (int i = 0; i < 2; i++) {
        int program = copy(fds[i]);
        close(fds[i]); /* who has it open for writing cannot run it */
        if (fork() == 0) {
            char *again[] = {argv[0], "again", 0}, *env[] = {0};
            fexecve(program, again, env);
            _exit(1);
        }
        wait(0);
    }
    puts("held");
    return 0;
}
