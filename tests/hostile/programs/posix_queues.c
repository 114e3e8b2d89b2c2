/*
 * threat: E5
 * defence: no room for POSIX queues; an IPC namespace of each box's own
 * tries: leave a message in a POSIX queue, and take that of an earlier job
 * must: no queue can be made, and none is found
 * again: 2
 * off: ipcns+rlimits+landlock
 * control: bare-twice
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
int main(void)
{
    struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 16};
    char text[16] = "";
    mqd_t found = mq_open("/belljar-test", O_RDONLY | O_NONBLOCK);
    if (found != (mqd_t)-1) {
        printf("LEAK: the queue of an earlier job: %zd bytes\n",
               mq_receive(found, text, sizeof(text), 0));
        mq_unlink("/belljar-test");
    } else {
        mqd_t made = mq_open("/belljar-test", O_RDWR | O_CREAT | O_NONBLOCK, 0666, &attr);
        printf("a queue: %d\n", made == (mqd_t)-1 ? -errno : mq_send(made, "x", 1, 0));
    }
    puts("held");
    return 0;
}
