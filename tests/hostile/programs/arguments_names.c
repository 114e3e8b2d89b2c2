/*
 * threat: A14
 * defence: names of source files are given to a compiler as paths
 * tries: source files whose names are options
 * must: they are compiled as files
 * request: {"files": [{"path": "-DINJECTED=1.c", "content": ""}, {"path": "-include x.c", "content": ""}]}
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
