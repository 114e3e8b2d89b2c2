/*
 * tries: exit 137 and 139 by itself, with a forged message
 * must: the verdict is the exit status, not a signal
 * expect: {"status": "RE", "code": 139, "message": "Exited with error status 139"}
 */
#include <stdio.h>
int main(void)
{
    fprintf(stderr, "Segmentation fault\nMemory limit exceeded\n");
    return 139;
}
