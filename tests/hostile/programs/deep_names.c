/*
 * threat: A8
 * defence: nobody deletes a box's files: its tmpfs goes with it
 * tries: leave what breaks who deletes by name: a chain deeper than a path, odd names, moving trees
 * must: the answer comes, nothing is left, the next job is well
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void)
{
    static const char *const odd[] = {"-rf", "*",     "\n",      "\xff\xfe",
                                      "a b", "$(id)", ";reboot", "..."};
    char name[256];
    for (unsigned i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        mkdir(odd[i], 0);
        close(open(odd[i], O_CREAT | O_WRONLY, 0));
    }
    for (int i = 0; i < 255; i++) {
        name[i] = 'n';
    }
    name[255] = 0;
    int depth = 0;
    while (mkdir(name, 0700) == 0 && chdir(name) == 0) {
        depth++;
    }
    chmod(".", 0);
    for (int i = 0; i < 4; i++) {
        if (fork() == 0) {
            for (setsid();;) {
                rename("/box/-rf", "/tmp/moved");
                rename("/tmp/moved", "/box/-rf");
            }
        }
    }
    printf("held at depth %d\n", depth);
    return 0;
}
