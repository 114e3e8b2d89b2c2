/*
 * threat: A8
 * defence: a box has a number of inodes, and a product a depth
 * tries: leave thousands of files and a deep chain of directories as the product
 * must: the compile stage fails and says why, or both stages bear it
 * request: {"compile": {"args": ["-wrapper", "bash,-c,eval \"$(sed -n s/^sh:.//p main.c)\""]}}
 * expect: {"verdict": ["ok", "compile_error"], "lacks": "LEAK"}
 */
/*
sh: "$0" "$@" || exit
sh: case $0 in *collect2) ;; *) exit ;; esac
sh: seq -f f%.0f 20000 | xargs touch
sh: mkdir -p $(printf 'd/%.0s' {1..1000})
*/
int main(void)
{
    return 0;
}
