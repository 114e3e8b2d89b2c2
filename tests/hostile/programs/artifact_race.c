/*
 * threat: A4
 * defence: everything is dead before files are collected
 * tries: change the files while they are collected, from processes that stay behind
 * must: no file changes under who reads it: all come back whole, and nobody sees who collects
 * shows: a leftover tells of a process that init made after the program's end
 * request: {"artifacts": ["f*"]}
 * expect: {"verdict": "ok", "has": "held", "lacks": "LEAK", "artifacts_truncated": false}
 * again: 2
 * off: kill-first
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#define FILES     64
#define LEFTOVERS 3
static int files[FILES];
/* All files long and short by turns, until there is a process that none of us has made. */
static void stay(pid_t first_free)
{
    setsid();
    for (long size = 0;; size = 65536 - size) {
        for (int i = 0; i < FILES; i++) {
            if (ftruncate(files[i], size) < 0) {
                _exit(1);
            }
        }
        for (pid_t pid = first_free; pid < first_free + 8; pid++) {
            if (kill(pid, 0) == 0 || errno == EPERM) {
                puts("LEAK: alive while files are collected");
                fflush(stdout);
                _exit(0);
            }
        }
    }
}
int main(void)
{
    char name[16];
    pid_t first_free = getpid() + LEFTOVERS + 1;
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        files[i] = open(name, O_RDWR | O_CREAT, 0644);
        if (ftruncate(files[i], 65536) < 0) {
            return 1;
        }
    }
    puts("held");
    fflush(stdout);
    for (int i = 0; i < LEFTOVERS; i++) {
        if (fork() == 0) {
            stay(first_free);
        }
    }
    return 0;
}
