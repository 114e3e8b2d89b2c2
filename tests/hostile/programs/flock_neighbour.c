/*
 * threat: E7
 * defence: inodes of each box's own
 * tries: two at a time: hold whole-file locks, open file description locks and leases on files
 * must: nobody else ever holds one
 * together: 2
 * needs: own inodes for each box
 * off: overlay
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void)
{
    static const char *const paths[] = {
        "/usr/bin/true", "/usr/bin/env", "/etc/passwd", "/etc/group", "/usr/lib", "/bin", "/"};
    int held[7];
    for (int i = 0; i < 7; i++) {
        held[i] = open(paths[i], O_RDONLY);
    }
    for (int round = 0; round < 60; round++) {
        int i = round % 7;
        struct flock lock = {.l_type = F_RDLCK};
        struct flock probe = {.l_type = F_WRLCK};
        if (flock(held[i], LOCK_EX | LOCK_NB) < 0) {
            printf("LEAK: %s is locked by another\n", paths[i]);
        }
        fcntl(held[i], F_OFD_SETLK, &lock);
        usleep(20000);
        if (fcntl(held[i], F_OFD_GETLK, &probe) == 0 && probe.l_type != F_UNLCK) {
            printf("LEAK: a part of %s is locked by another\n", paths[i]);
        }
        /* Its own files a program may lease: where a box has one id, the files of /etc are its own. */
        struct stat st;
        if (fstat(held[i], &st) == 0 && st.st_uid != getuid() &&
            fcntl(held[i], F_SETLEASE, F_RDLCK) == 0 && i < 4) {
            printf("LEAK: a lease on %s\n", paths[i]);
        }
    }
    puts("held");
    return 0;
}
