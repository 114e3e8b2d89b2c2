/*
 * threat: C1
 * defence: RLIMIT_MEMLOCK is 64 KiB; no capabilities
 * tries: lock memory so that the kernel cannot take it back
 * must: refused beyond 64 KiB
 * off: rlimits
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <unistd.h>
#define MUCH (256 << 10)
int main(void)
{
    static char memory[MUCH];
    struct rlimit limit;
    if (mlock(memory, MUCH) == 0) {
        puts("LEAK: mlock");
    }
    munlock(memory, MUCH);
    if (mlockall(MCL_CURRENT | MCL_FUTURE) == 0) {
        puts("LEAK: mlockall");
    }
    munlockall();
    if (mmap(0, MUCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0) !=
        MAP_FAILED) {
        puts("LEAK: MAP_LOCKED");
    }
    int id = shmget(IPC_PRIVATE, MUCH, IPC_CREAT | 0600);
    if (id >= 0 && shmctl(id, SHM_LOCK, 0) == 0) {
        puts("LEAK: SHM_LOCK");
    }
    getrlimit(RLIMIT_MEMLOCK, &limit);
    printf("%lu may be locked\nheld\n", (unsigned long)limit.rlim_max);
    return 0;
}
