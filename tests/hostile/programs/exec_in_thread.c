/*
 * threat: B12
 * defence: who is waited for is the process, whatever runs in it
 * tries: replace itself from a thread, by programs that exec, by ones with another name and id of thread
 * must: the status is that of the last
 * expect: {"verdict": "nonzero_exit", "exit_code": 5, "stdout": "last\n"}
 */
#include <pthread.h>
#include <unistd.h>
static void *replace(void *arg)
{
    char *argv[] = {"belljar-init", "-c", "exec sh -c 'echo last; exit 5'", 0};
    execv("/bin/sh", argv);
    return arg;
}
int main(void)
{
    pthread_t t;
    pthread_create(&t, 0, replace, 0);
    for (;;) {
        pause();
    }
}
