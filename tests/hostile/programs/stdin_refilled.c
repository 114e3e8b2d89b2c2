/*
 * threat: C6
 * defence: stdin is written without blocking
 * tries: fill its own stdin so that nothing of the server's fits, then hold it full; then end
 * must: the answer comes as usual
 * stdin_size: 1000000
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
static char bytes[65536];
int main(void)
{
    int own = open("/proc/self/fd/0", O_WRONLY | O_NONBLOCK);
    for (int i = 0; i < 50; i++) {
        char one;
        if (read(0, &one, 1) < 0) {
            break;
        }
        for (ssize_t n = 1; n > 0;) {
            n = own < 0 ? -1 : write(own, bytes, 1);
        }
    }
    puts("held");
    return 0;
}
