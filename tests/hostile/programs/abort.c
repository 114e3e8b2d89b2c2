/*
 * threat: B12
 * defence: the verdict is the wait status
 * tries: abort()
 * must: a true SIGABRT
 * expect: {"verdict": "signaled", "signal": "SIGABRT", "exit_code": null}
 */
#include <stdlib.h>
int main(void)
{
    abort();
}
