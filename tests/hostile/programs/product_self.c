/*
 * threat: A4
 * defence: a product is unpacked in a box, by the program's own id; nobody else opens it
 * tries: leave a link to what runs it as the compiled program
 * must: it does not start, and nothing outside the box is opened
 * request: {"compile": {"args": ["-wrapper", "bash,-c,eval \"$(sed -n s/^sh:.//p main.c)\""]}}
 * expect: {"verdict": ["exec_format", "nonzero_exit"], "lacks": "root:"}
 */
/*
sh: "$0" "$@" || exit
sh: case $0 in *collect2) ln -sf /proc/self/exe a.out ;; esac
*/
int main(void)
{
    return 0;
}
