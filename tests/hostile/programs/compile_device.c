/*
 * tries: make the compiler read a device for ever
 * must: the compile stage is stopped
 * expect: {"compile_fails": true}
 * request: {"compile_timeout": 1500}
 */
#include "/dev/zero"
int main(void)
{
    return 0;
}
