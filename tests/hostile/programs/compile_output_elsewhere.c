/*
 * threat: A14
 * defence: a compile stage writes to its own tmpfs only
 * tries: have the compiler write over its own tools
 * must: it cannot open them
 * request: {"compile": {"args": ["-o", "/box/../usr/bin/gcc"]}}
 * expect: {"verdict": "compile_error", "has": "cannot open output file"}
 */
int main(void)
{
    return 0;
}
