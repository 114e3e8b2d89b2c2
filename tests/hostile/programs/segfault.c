/*
 * threat: B12
 * defence: the verdict is the wait status
 * tries: dereference NULL
 * must: a true SIGSEGV
 * expect: {"verdict": "signaled", "signal": "SIGSEGV", "exit_code": null}
 */
int main(void)
{
    return *(volatile int *)0;
}
