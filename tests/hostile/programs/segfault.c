/*
 * tries: dereference NULL
 * must: a true SIGSEGV
 * expect: {"status": "SG", "signal": "SIGSEGV", "message": "Caught fatal signal 11", "code": null}
 */
int main(void)
{
    return *(volatile int *)0;
}
