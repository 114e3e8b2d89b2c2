/*
 * threat: A13
 * defence: what a compile stage prints is bounded as a run's output is
 * tries: print without end in the compiler's place
 * must: it is stopped at the cap
 * request: {"compile": {"args": ["-wrapper", "bash,-c,yes >&2"]}}
 * expect: {"verdict": "compile_error", "stderr_truncated": true}
 */
int main(void)
{
    return 0;
}
