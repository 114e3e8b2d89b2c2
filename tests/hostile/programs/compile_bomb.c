/*
 * threat: A13
 * defence: the compile stage is a box
 * tries: make the compiler eat memory and disk
 * must: the compile stage is stopped
 * expect: {"verdict": "compile_error"}
 */
int a[1 << 30] = {1};
int b[1 << 30] = {1};
int main(void)
{
    return a[0] + b[0];
}
