/*
 * threat: C8
 * defence: RLIMIT_STACK of the box
 * tries: recurse through four times the stack that it may have
 * must: a true SIGSEGV at the limit, not the memory limit, not success
 * request: {"limits": {"memory_bytes": 536870912, "stack_bytes": 16777216}}
 * expect: {"verdict": "signaled", "signal": "SIGSEGV", "lacks": "LEAK"}
 * off: rlimits
 */
#include <string.h>
#include <unistd.h>
#define DEPTH (64 << 20)
static volatile char sink;
static void down(long left)
{
    char frame[4096];
    memset(frame, (int)left, sizeof(frame));
    if (left > (long)sizeof(frame)) {
        down(left - (long)sizeof(frame));
    }
    sink = frame[left % 4096];
}
int main(void)
{
    static const char told[] = "LEAK: 64 MiB of stack with a limit of 16\n";
    down(DEPTH);
    return write(1, told, sizeof(told) - 1) < 0;
}
