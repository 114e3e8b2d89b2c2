/*
 * threat: C5
 * defence: results travel over pipes that the server made, and the wait status
 * tries: close its output, open it again by /proc, swap the two, put files and sockets there
 * must: what was printed to the pipes arrives, nothing hangs
 * expect: {"verdict": "ok", "stdout": "first\nerror\n", "stderr": "third\n"}
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
static void say(int fd, const char *text, unsigned len)
{
    if (write(fd, text, len) < 0) {
        _exit(7);
    }
}
int main(void)
{
    int pair[2], out = dup(1), err = dup(2);
    say(1, "first\n", 6);
    close(1);
    open("/tmp/file", O_WRONLY | O_CREAT, 0600);
    say(1, "second\n", 7); /* into the file */
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    dup2(pair[0], 2);
    say(2, "into a socket\n", 14);
    dup2(out, 2); /* the two change places */
    dup2(err, 1);
    say(2, "error\n", 6);
    say(1, "third\n", 6);
    close(0);
    close(1);
    close(2);
    close(out);
    close(err);
    return 0;
}
