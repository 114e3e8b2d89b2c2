/*
 * threat: E5
 * defence: an IPC namespace of a single use
 * tries: leave shared memory, a semaphore and a queue for the next job
 * must: they die with the box
 * control: bare-twice
 * again: 2
 * off: ipcns
 */
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/shm.h>
int main(void)
{
    if (shmget(0x1234, 4096, 0600) >= 0) {
        puts("LEAK: the shared memory of an earlier job");
    }
    puts(shmget(0x1234, 4096, IPC_CREAT | 0600) >= 0 ? "held: made" : "held: refused");
    return 0;
}
