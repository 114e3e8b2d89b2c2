/*
 * threat: A4
 * defence: everything is dead before files are collected
 * tries: change the files while they are collected, from processes that stay behind
 * must: no file changes under who reads it: all of them come back whole
 * shows: artifacts_truncated: a file was another than it had been a moment before
 * request: {"artifacts": ["f*"]}
 * expect: {"verdict": "ok", "has": "held", "artifacts_truncated": false}
 * off: kill-first
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#define FILES 64
static int files[FILES];
/* Long and short by turns. */
static void flicker(void)
{
    for (;;) {
        for (int i = 0; i < FILES; i++) {
            if (ftruncate(files[i], 65536) < 0 || ftruncate(files[i], 0) < 0) {
                _exit(1);
            }
        }
    }
}
int main(void)
{
    char name[16];
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        files[i] = open(name, O_RDWR | O_CREAT, 0644);
    }
    for (int i = 0; i < 4; i++) {
        if (fork() == 0) {
            setsid();
            flicker();
        }
    }
    puts("held");
    return 0;
}
