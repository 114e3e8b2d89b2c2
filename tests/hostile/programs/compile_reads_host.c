/*
 * threat: A13
 * defence: the compile stage is a box
 * tries: include host files in the compile stage
 * must: they are not there
 * expect: {"verdict": "compile_error", "lacks": "root:"}
 */
#include "/etc/machine-id"
#include "/etc/shadow"
int main(void)
{
    return 0;
}
