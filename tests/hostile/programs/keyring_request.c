/*
 * threat: D5
 * defence: the filter knows no keys
 * tries: make the kernel start the host's request-key helper, and load key types
 * must: ENOSYS
 * off: filter
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void)
{
    static const char *const types[] = {"user",    "keyring",    "logon",
                                        "big_key", "asymmetric", "dns_resolver"};
    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        /* No keyring to put it in and no call-out text: without the filter nothing is started. */
        long r = syscall(SYS_request_key, types[i], "belljar-test", 0, 0);
        if (r >= 0 || errno != ENOSYS) {
            printf("LEAK: request_key %s: %ld, errno %d\n", types[i], r, r < 0 ? errno : 0);
        }
    }
    puts("held");
    return 0;
}
