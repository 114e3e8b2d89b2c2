/*
 * threat: A1
 * defence: the filter refuses file handles
 * tries: open the host's files by handle instead of by name, as Shocker did
 * must: refused
 * off: filter
 * control: bare
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static union {
    struct file_handle handle;
    char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
} h;
int main(void)
{
    static const char *const places[] = {"/tmp", "/", "/usr", "/dev/shm"};
    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        int mount_id;
        h.handle.handle_bytes = MAX_HANDLE_SZ;
        if (name_to_handle_at(AT_FDCWD, places[i], &h.handle, &mount_id, 0) == 0) {
            printf("LEAK: a handle of %s\n", places[i]);
        }
        int dir = open(places[i], O_RDONLY | O_DIRECTORY);
        /* The root of most file systems: inode 2, generation 0. */
        static const unsigned ext4_root[] = {2, 0};
        h.handle.handle_type = 1;
        h.handle.handle_bytes = sizeof(ext4_root);
        memcpy(h.handle.f_handle, ext4_root, sizeof(ext4_root));
        if (open_by_handle_at(dir, &h.handle, O_RDONLY) >= 0) {
            printf("LEAK: opened inode 2 of %s\n", places[i]);
        }
    }
    puts("held");
    return 0;
}
