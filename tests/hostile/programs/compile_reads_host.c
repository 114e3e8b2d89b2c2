/*
 * tries: include host files in the compile stage
 * must: they are not there
 * expect: {"compile_fails": true, "lacks": "root:x:0:0:root:/root"}
 */
#include "/etc/machine-id"
#include "/etc/shadow"
int main(void)
{
    return 0;
}
