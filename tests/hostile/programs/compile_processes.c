/*
 * threat: A13
 * defence: a compile stage has a limit of processes, and its box ends with it
 * tries: fork without end in the compiler's place, each in a session of its own
 * must: the process limit holds
 * shows: three hundred processes at one time
 * request: {"compile": {"args": ["-wrapper", "bash,-c,sed -n s/^py:.//p main.c | python3 -"]}}
 * expect: {"verdict": "compile_error", "has": "held", "lacks": "LEAK"}
 * needs: process limit
 * off: processes
 */
/*
py: import os, sys, time
py: n = 0
py: try:
py:     while n < 300:
py:         if os.fork() == 0:
py:             os.setsid()
py:             os.closerange(0, 3)
py:             time.sleep(60)
py:         n += 1
py: except OSError:
py:     pass
py: sys.exit("LEAK: 300 processes" if n == 300 else "held at %d" % n)
*/
int main(void)
{
    return 0;
}
