/*
 * threat: A13
 * defence: the compile stage is a box
 * tries: make the compiler read a device for ever
 * must: the compile stage is stopped
 * expect: {"verdict": "compile_error"}
 * request: {"compile": {"wall_ms": 1500}}
 */
#include "/dev/zero"
int main(void)
{
    return 0;
}
