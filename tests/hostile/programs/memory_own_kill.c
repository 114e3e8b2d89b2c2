/*
 * threat: C2
 * defence: the verdict is the kernel's count, not the signal
 * tries: look like an out-of-memory kill: die of SIGKILL without having used memory
 * must: its own signal is told, not the memory limit
 * expect: {"verdict": "signaled", "signal": "SIGKILL", "lacks": "LEAK"}
 */
#include <signal.h>
#include <unistd.h>
int main(void)
{
    kill(getpid(), SIGKILL);
    pause();
}
