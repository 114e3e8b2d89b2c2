/*
 * threat: D4, A1
 * defence: the filter refuses file handles
 * tries: name a file by handle, and open the host's root by a guessed one
 * must: refused
 * shows: a handle opens what no path reaches (the way out that is called shocker)
 * off: filter
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
struct handle {
    struct file_handle head;
    unsigned char bytes[128];
};
static void told(const char *what, long r)
{
    if (r >= 0 || (errno != EPERM && errno != ENOSYS)) {
        printf("LEAK: %s: %ld, errno %d\n", what, r, r < 0 ? errno : 0);
    }
}
int main(void)
{
    static const char *const places[] = {"/", "/usr/bin/true", "/tmp", "/proc/self/ns/mnt"};
    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct handle handle = {.head.handle_bytes = 128};
        int mount;
        told(places[i], syscall(SYS_name_to_handle_at, AT_FDCWD, places[i], &handle, &mount, 0));
    }
    /* Inode 2 is the root of the usual file systems. */
    struct handle root = {.head = {.handle_bytes = 8, .handle_type = 1}, .bytes = {2}};
    int fd = open("/usr", O_RDONLY | O_DIRECTORY);
    told("the root", syscall(SYS_open_by_handle_at, fd, &root, O_RDONLY));
    puts("held");
    return 0;
}
