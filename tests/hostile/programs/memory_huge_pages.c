/*
 * threat: C1
 * defence: the filter refuses huge pages, which no memory limit counts
 * tries: get huge pages by mmap, memfd_create and shmget
 * must: EPERM, whether the host has set some apart or not
 * off: filter-arguments
 * control: bare
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>
#ifndef MFD_HUGETLB
#define MFD_HUGETLB 4
#endif
#define SIZE (2 << 20)
static void told(const char *what, int refused)
{
    if (!refused || errno != EPERM) {
        printf("LEAK: %s: errno %d\n", what, refused ? errno : 0);
    }
}
int main(void)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB;
    told("mmap", mmap(0, SIZE, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED);
    told("mmap of 1 GB pages", mmap(0, SIZE, PROT_READ, flags | 30 << 26, -1, 0) == MAP_FAILED);
    told("memfd", memfd_create("huge", MFD_HUGETLB) < 0);
    told("memfd of 1 GB pages", memfd_create("huge", MFD_HUGETLB | 30U << 26) < 0);
    told("shmget", shmget(IPC_PRIVATE, SIZE, IPC_CREAT | SHM_HUGETLB | 0600) < 0);
    puts("held");
    return 0;
}
