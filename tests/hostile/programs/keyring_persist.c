/*
 * threat: D5
 * defence: the filter knows no keys; a session keyring of the box's own; ids of its own
 * tries: leave a key in every keyring for the next job, and look for that of an earlier one
 * must: no key can be added, none is found
 * shows: the second run finds what the first has left
 * again: 2
 * off: filter
 * control: bare-twice
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#define KEYCTL_UNLINK 9
#define KEYCTL_SEARCH 10
int main(void)
{
    /* thread, process, session, user, the session of the user */
    for (int ring = -1; ring >= -5; ring--) {
        long key = syscall(SYS_keyctl, KEYCTL_SEARCH, ring, "user", "belljar-test", 0);
        if (key >= 0) {
            printf("LEAK: keyring %d has the key of an earlier job\n", ring);
            syscall(SYS_keyctl, KEYCTL_UNLINK, key, ring);
        } else if (syscall(SYS_add_key, "user", "belljar-test", "x", 1, ring) >= 0) {
            printf("LEAK: added a key to keyring %d\n", ring);
        }
    }
    puts("held");
    return 0;
}
