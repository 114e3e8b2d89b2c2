/*
 * threat: E13
 * defence: the filter; the UTS namespace is not the box's user namespace's own
 * tries: change the host's name
 * must: refused
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
int main(void)
{
    struct utsname name;
    uname(&name);
    /* The same name: no harm if it is the host's. */
    if (sethostname(name.nodename, strlen(name.nodename)) == 0) {
        puts("LEAK: sethostname");
    }
    if (setdomainname(name.domainname, strlen(name.domainname)) == 0) {
        puts("LEAK: setdomainname");
    }
    puts("held");
    return 0;
}
