/*
 * threat: E5
 * defence: RLIMIT_MSGQUEUE is 0
 * tries: hold kernel memory in POSIX queues, whose bytes are counted for a user
 * must: not one queue
 * off: rlimits+landlock
 * control: bare
 */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
int main(void)
{
    struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 1};
    mqd_t made = mq_open("/belljar-bytes", O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attr);
    if (made != (mqd_t)-1) {
        puts("LEAK: a queue");
        mq_unlink("/belljar-bytes");
    }
    puts("held");
    return 0;
}
