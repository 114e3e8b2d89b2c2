/*
 * threat: E5
 * defence: an IPC namespace of each box's own
 * tries: leave a semaphore and a message for the next job, with rights for all
 * must: the next job finds neither
 * again: 2
 * off: ipcns
 * control: bare-twice
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#define KEY 0x62656c6c
struct message {
    long type;
    char text[16];
};
int main(void)
{
    struct message message = {1, "left behind"};
    int queue = msgget(KEY, 0666);
    if (queue >= 0) {
        memset(&message, 0, sizeof(message));
        msgrcv(queue, &message, sizeof(message.text), 0, IPC_NOWAIT);
        printf("LEAK: a message: %s\n", message.text);
        msgctl(queue, IPC_RMID, 0);
    } else {
        queue = msgget(KEY, IPC_CREAT | 0666);
        msgsnd(queue, &message, sizeof(message.text), IPC_NOWAIT);
    }
    int set = semget(KEY, 1, 0666);
    if (set >= 0) {
        printf("LEAK: a semaphore\n");
        semctl(set, 0, IPC_RMID);
    } else {
        semget(KEY, 1, IPC_CREAT | 0666);
    }
    puts("held");
    return 0;
}
