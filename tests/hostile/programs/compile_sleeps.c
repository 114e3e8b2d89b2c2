/*
 * threat: A13
 * defence: a compile stage has limits of its own, which the request may only lower
 * tries: let the compiler wait for ever, with a child that ignores all signals
 * must: the limit of wall time ends the stage
 * request: {"compile": {"wall_ms": 800, "args": ["-wrapper", "bash,-c,trap '' 1 2 15;sleep 60"]}}
 * expect: {"verdict": "compile_error", "lacks": "LEAK"}
 */
int main(void)
{
    return 0;
}
