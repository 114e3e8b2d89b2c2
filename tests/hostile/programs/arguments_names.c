/*
 * threat: A14
 * defence: names of source files are given to a compiler as paths
 * tries: a source file whose name is an option
 * must: it is compiled as a file
 * request: {"files": [{"path": "-DINJECTED=1.c", "content": ""}]}
 */
#include <stdio.h>
int main(void)
{
#ifdef INJECTED
    puts("LEAK: a name was taken for an option");
#endif
    puts("held");
    return 0;
}
