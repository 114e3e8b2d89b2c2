/*
 * threat: A13
 * defence: the product of a compile stage has a size that is counted before it is read
 * tries: leave a product of a gigabyte: sparse, so that it costs its maker nothing
 * must: the stage fails and says that its files are too large
 * request: {"compile": {"args": ["-wrapper", "bash,-c,eval \"$(sed -n s/^sh:.//p main.c)\""]}}
 * expect: {"verdict": "compile_error", "lacks": "LEAK"}
 */
/*
sh: "$0" "$@" || exit
sh: for n in {1..16}; do truncate -s 60M big$n || exit; done
*/
#include <stdio.h>
int main(void)
{
    puts("LEAK: it ran");
    return 0;
}
