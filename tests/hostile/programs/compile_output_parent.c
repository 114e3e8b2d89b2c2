/*
 * threat: A14
 * defence: a product is what lies in the working directory of its own box
 * tries: have the compiler put the program above the directory that is collected
 * must: there is no program to run
 * request: {"compile": {"args": ["-o", "/box/../tmp/a.out"]}}
 * expect: {"verdict": "exec_format", "lacks": "LEAK"}
 */
#include <stdio.h>
int main(void)
{
    puts("LEAK: it ran");
    return 0;
}
