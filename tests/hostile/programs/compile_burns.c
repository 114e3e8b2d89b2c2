/*
 * threat: A13
 * defence: a compile stage has a limit of CPU time
 * tries: expand macros without end
 * must: the limit of CPU time, or of memory, ends the stage
 * request: {"compile": {"cpu_ms": 1000}}
 * expect: {"verdict": "compile_error"}
 */
#define A(x) x x x x x x x x
#define B(x) A(A(A(A(x))))
#define C(x) B(B(B(x)))
int main(void)
{
    C(C(puts("LEAK");));
    return 0;
}
