/*
 * threat: A4
 * defence: everything is dead before files are collected, and links are not followed
 * tries: swap a file and a link to a secret as fast as it can while they are collected
 * must: what comes back is the file, or nothing
 * shows: an artifact with text of another file
 * request: {"artifacts": ["out"]}
 * expect: {"artifacts": [[], [{"path": "out", "content": "mine", "encoding": "utf8", "size": 4}]]}
 * again: 3
 * off: collect-links
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    int fd = open("file", O_RDWR | O_CREAT, 0644);
    if (fd < 0 || write(fd, "mine", 4) != 4 || symlink("/etc/passwd", "out") < 0) {
        return 1;
    }
    for (int i = 0; i < 3; i++) {
        if (fork() == 0) {
            for (setsid();;) {
                renameat2(AT_FDCWD, "file", AT_FDCWD, "out", RENAME_EXCHANGE);
            }
        }
    }
    return 0;
}
