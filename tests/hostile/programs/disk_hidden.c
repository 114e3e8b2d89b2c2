/*
 * threat: A7
 * defence: all that is writable lies on one tmpfs with a size
 * tries: hide files from a count: deleted ones, reserved ones, holes that are filled by mapping
 * must: no more than the disk limit, however it is made
 * shows: twice as much as limits.disk_bytes
 * request: {"limits": {"disk_bytes": 16777216, "file_bytes": 67108864}}
 * off: disk-size
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#define MIB   (1L << 20)
#define LIMIT (16 * MIB)
#define MOST  (48 * MIB)
static const char *const places[] = {"/box", "/tmp", "/dev/shm"};
static long held;
static int hidden(int i)
{
    int fd = open(places[i % 3], O_RDWR | O_TMPFILE, 0600);
    if (fd < 0) {
        perror("LEAK: no O_TMPFILE to try");
    }
    return fd;
}
static int write_one(int fd)
{
    static char block[MIB];
    return write(fd, block, sizeof(block)) == MIB;
}
static int reserve_one(int fd)
{
    return fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, MIB) == 0;
}
/* A hole that cannot be filled is a SIGBUS: in a child. */
static int map_one(int fd)
{
    if (ftruncate(fd, MIB) < 0) {
        return 0;
    }
    int status = 1;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGBUS, SIG_DFL);
        char *p = mmap(0, MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        for (long at = 0; at < MIB; at += 4096) {
            p[at] = 1;
        }
        _exit(0);
    }
    waitpid(child, &status, 0);
    return status == 0;
}
int main(void)
{
    static int (*const ways[])(int) = {write_one, reserve_one, map_one};
    signal(SIGXFSZ, SIG_IGN);
    for (int i = 0, failed = 0; held < MOST && failed < 9; i++) {
        if (ways[i / 3 % 3](hidden(i))) {
            held += MIB;
        } else {
            failed++;
        }
    }
    printf("%s: %ld MiB\n", held > 2 * LIMIT ? "LEAK" : "held", held / MIB);
    return 0;
}
