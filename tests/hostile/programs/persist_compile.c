/*
 * threat: A9
 * defence: compile and run are two boxes; the product is what lies in /box
 * tries: leave processes and files outside /box in the compile stage, for the run stage to find
 * must: the run stage finds none
 * request: {"compile": {"args": ["-wrapper", "bash,-c,eval \"$(sed -n s/^sh:.//p main.c)\""]}}
 * expect: {"verdict": "ok", "has": "held", "lacks": "LEAK"}
 */
/*
sh: echo x >/tmp/left; echo x >/dev/shm/left
sh: (trap '' 1 2 15; setsid sleep 30 >/dev/null 2>&1 </dev/null &)
sh: exec "$0" "$@"
*/
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(void)
{
    if (access("/tmp/left", F_OK) == 0 || access("/dev/shm/left", F_OK) == 0) {
        puts("LEAK: files of the compile stage");
    }
    DIR *proc = opendir("/proc");
    for (struct dirent *d; (d = readdir(proc));) {
        int pid = atoi(d->d_name);
        if (pid > 1 && pid != getpid()) {
            printf("LEAK: process %d\n", pid);
        }
    }
    puts("held");
    return 0;
}
