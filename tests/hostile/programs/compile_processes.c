/*
 * threat: A13
 * defence: a compile stage has a limit of processes, and its box ends with it
 * tries: fork without end in the compiler's place, each in a session of its own
 * must: the process limit holds
 * shows: three hundred processes at one time
 * request: {"compile": {"args": ["-wrapper", "bash,-c,if type python3; then sed -n s/^py:.//p main.c | python3 -; else sed -n s/^pl:.//p main.c | perl -; fi"]}}
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
pl: use POSIX;
pl: my $n = 0;
pl: for (; $n < 300; $n++) {
pl:     my $p = fork;
pl:     last if not defined $p;
pl:     if ($p == 0) { POSIX::setsid(); POSIX::close($_) for 0..2; sleep 60; exit; }
pl: }
pl: die($n == 300 ? "LEAK: 300 processes" : "held at $n");
*/
int main(void)
{
    return 0;
}
