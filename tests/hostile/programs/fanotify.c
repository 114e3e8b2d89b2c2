/*
 * threat: D4
 * defence: the filter refuses fanotify
 * tries: watch whole mounts, of the kind that needs no right too
 * must: refused
 * shows: it would tell which files of the host neighbours open
 * off: filter
 * control: bare
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#define REPORT_FID 0x200
#define MARK_ADD   1
#define MARK_MOUNT 0x10
#define EVENT_OPEN 0x20
int main(void)
{
    static const unsigned kinds[] = {0, 4, 8, REPORT_FID, REPORT_FID | 0x400, REPORT_FID | 0x800};
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        long fd = syscall(SYS_fanotify_init, kinds[i], O_RDONLY);
        if (fd < 0) {
            continue;
        }
        printf("LEAK: fanotify %x\n", kinds[i]);
        if (syscall(SYS_fanotify_mark, fd, MARK_ADD, (unsigned long)EVENT_OPEN, AT_FDCWD,
                    "/usr/bin") == 0) {
            puts("LEAK: a watch on /usr/bin");
        }
        if (syscall(SYS_fanotify_mark, fd, MARK_ADD | MARK_MOUNT, (unsigned long)EVENT_OPEN,
                    AT_FDCWD, "/") == 0) {
            puts("LEAK: a watch on a mount");
        }
    }
    puts("held");
    return 0;
}
