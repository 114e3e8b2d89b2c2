/*
 * threat: D8
 * defence: Landlock: below /box, /tmp and /dev alone may be written
 * tries: open for writing what the file modes of its own /proc entries allow
 * must: refused, though no mode, mount flag or capability is in the way
 * needs: Landlock
 * off: landlock
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    static const char *const names[] = {"comm",         "oom_score_adj", "coredump_filter",
                                        "clear_refs",   "mem",           "timerslack_ns",
                                        "attr/current", "autogroup",     "sched"};
    char path[64];
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "/proc/self/%s", names[i]);
        if (open(path, O_WRONLY) >= 0) {
            printf("LEAK: %s can be opened for writing\n", path);
        }
    }
    puts("held");
    return 0;
}
