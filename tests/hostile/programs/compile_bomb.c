/*
 * tries: make the compiler eat memory and disk
 * must: the compile stage is stopped
 * expect: {"compile_fails": true}
 */
int a[1 << 30] = {1};
int b[1 << 30] = {1};
int main(void)
{
    return a[0] + b[0];
}
