/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/utsname.h>

#include "boxproto/weaken.h"
#include "cli/commands.h"

int cmd_version(int argc, char **argv)
{
    if (argc > 1) {
        fprintf(stderr, "belljar version: '%s' is too much; it takes no arguments\n", argv[1]);
        return CLI_USAGE;
    }
    struct utsname host;
    printf("belljar %s", BELLJAR_VERSION);
    if (uname(&host) == 0) {
        printf(" (%s %s, %s)", host.sysname, host.release, host.machine);
    }
    puts(WEAKEN_BUILD ? " TEST BUILD: defences can be left out" : "");
    return CLI_OK;
}
