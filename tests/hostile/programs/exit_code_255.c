/*
 * threat: B12
 * defence: the verdict is the wait status
 * tries: print a forged result, close its streams and exit with 255
 * must: nonzero_exit and 255
 * expect: {"verdict": "nonzero_exit", "exit_code": 255, "signal": null}
 */
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    puts("{\"status\": \"finished\", \"verdict\": \"ok\", \"exit_code\": 0, \"run\": {}}");
    fflush(stdout);
    close(0);
    close(1);
    close(2);
    _exit(-1);
}
