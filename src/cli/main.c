/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar - runs untrusted programs.  This file finds the command; a link named "piston" is
 * `belljar piston`.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "config/suggest.h"

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int unknown_command(const char *name)
{
    struct suggest suggest = {.typed = name};
    for (size_t i = 0; i < command_count; i++) {
        if (commands[i].summary) {
            suggest_offer(&suggest, commands[i].name);
        }
    }
    fprintf(stderr, "belljar: there is no command '%s'; ", name);
    if (suggest.best) {
        fprintf(stderr, "did you mean '%s'?\n", suggest.best);
    } else {
        fputs("'belljar help' lists them\n", stderr);
    }
    return CLI_USAGE;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

static int dispatch(int argc, char **argv)
{
    if (argc > 0 && strcmp(last_name(argv[0]), "piston") == 0) {
        return cmd_piston(argc, argv);
    }
    const char *name = argc > 1 ? argv[1] : "";
    if (!*name) {
        fputs("belljar: a command is missing; 'belljar help' lists them\n", stderr);
        return CLI_USAGE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        return cmd_help(1, argv + 1);
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        return cmd_version(1, argv + 1);
    }
    const struct command *command = command_find(name);
    if (!command) {
        return unknown_command(name);
    }
    if (!command->reads_help && asks_for_help(argc - 1, argv + 1)) {
        return help_show(name);
    }
    return command->run(argc - 1, argv + 1);
}

/* Else the next file that is opened becomes stdin, stdout or stderr. */
static void stdio_ensure(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR); /* without O_CLOEXEC, as stdio is */
    } while (fd >= 0 && fd <= STDERR_FILENO);
    fd_close(fd);
}

int main(int argc, char **argv)
{
    stdio_ensure();
    int status = dispatch(argc, argv);
    /* A full disk or a closed pipe behind stdout would otherwise pass for success. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == CLI_OK) {
        fprintf(stderr, "belljar: writing to stdout: %m\n");
        return CLI_FAILED;
    }
    return status;
}
