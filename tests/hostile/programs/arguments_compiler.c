/*
 * threat: A14
 * defence: arguments of a compiler are an array, too
 * tries: a macro whose text a shell would run
 * must: it is the text that was sent
 * request: {"compile": {"args": ["-DTEXT=\"$(id)`id`;id|id&&id\"", "-DLINE=\"a b\""]}}
 */
#include <stdio.h>
#include <string.h>
int main(void)
{
    if (strcmp(TEXT, "$(id)`id`;id|id&&id") != 0 || strcmp(LINE, "a b") != 0) {
        printf("LEAK: %s\n", TEXT);
    }
    puts("held");
    return 0;
}
