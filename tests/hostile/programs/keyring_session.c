/*
 * threat: D5
 * defence: a session keyring of the box's own, beneath the filter
 * tries: look at the session keyring and link what is in it to its own
 * must: there are no key calls; without the filter, it is empty and the box's own
 * shows: a session keyring that somebody outside made
 * off: filter+keyring
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#define KEYCTL_GET_KEYRING_ID 0
#define KEYCTL_DESCRIBE       6
#define SESSION               (-3)
int main(void)
{
    char text[256] = "";
    long ring = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, SESSION, 0);
    long len = syscall(SYS_keyctl, KEYCTL_DESCRIBE, SESSION, text, sizeof(text));
    printf("ring %ld: %s\n", ring, text);
    /* Its own is of the id that joined it, init's, or of the program's. */
    if (len > 0 && !strstr(text, ";999;") && !strstr(text, ";1000;")) {
        puts("LEAK: the session keyring of somebody outside");
    }
    puts("held");
    return 0;
}
