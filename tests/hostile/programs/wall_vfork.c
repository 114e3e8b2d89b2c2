/*
 * threat: C4
 * defence: wall time limit of the box
 * tries: stand in an uninterruptible vfork whose child sleeps
 * must: the wall limit ends both
 * request: {"limits": {"wall_ms": 500}}
 * expect: {"verdict": "wall_time_limit", "lacks": "LEAK"}
 * off: wall-time
 */
#include <unistd.h>
int main(void)
{
    static const char told[] = "LEAK: it lived for 2 s\n";
    if (vfork() == 0) {
        sleep(2);
        _exit(write(1, told, sizeof(told) - 1) < 0);
    }
    return 0;
}
