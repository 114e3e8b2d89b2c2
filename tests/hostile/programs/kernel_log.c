/*
 * threat: D4
 * defence: the filter refuses syslog; no /dev/kmsg, no /proc/kmsg
 * tries: read, clear and measure the kernel's log, and write into it
 * must: refused
 * shows: the log names the host's hardware, its programs, and addresses
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void)
{
    static char text[4096];
    for (int action = 0; action <= 10; action++) {
        if (action == 5 || action == 6 || action == 7 || action == 8 || action == 4) {
            continue; /* these would change something */
        }
        long r = syscall(SYS_syslog, action, text, sizeof(text));
        if (r >= 0 || errno != EPERM) {
            printf("LEAK: syslog action %d: %ld, errno %d\n", action, r, r < 0 ? errno : 0);
        }
    }
    static const char *const names[] = {"/dev/kmsg", "/proc/kmsg", "/dev/console", "/dev/log"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (int how = O_RDONLY; how <= O_WRONLY; how++) {
            if (open(names[i], how | O_NONBLOCK) >= 0) {
                printf("LEAK: %s can be opened\n", names[i]);
            }
        }
    }
    puts("held");
    return 0;
}
