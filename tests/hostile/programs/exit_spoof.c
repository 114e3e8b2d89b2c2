/*
 * threat: B12
 * defence: the verdict is the wait status
 * tries: exit 137 and 139 by itself, with a forged message
 * must: the verdict is the exit status, not a signal
 * expect: {"verdict": "nonzero_exit", "exit_code": 139, "reason": "exited with status 139"}
 */
#include <stdio.h>
int main(void)
{
    fprintf(stderr, "Segmentation fault\nMemory limit exceeded\n");
    return 139;
}
