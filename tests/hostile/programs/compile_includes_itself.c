/*
 * threat: A13
 * defence: a compile stage has limits of time, memory and output
 * tries: include itself, twice, with a warning at each turn
 * must: the stage ends; the answer has a bounded part of what the compiler said
 * request: {"compile": {"cpu_ms": 2000, "memory_bytes": 268435456}}
 * expect: {"verdict": "compile_error"}
 */
#warning "a line for every turn"
#include __FILE__
#include __FILE__
int main(void)
{
    return 0;
}
