/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/piston.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "cli/commands.h"
#include "config/suggest.h"

#define COMMON_OPTIONS                                                                             \
    "Options:\n"                                                                                   \
    "      --version     Show version number                        [boolean]\n"                   \
    "  -u, --piston-url  Piston API URL\n"                                                         \
    "                             [string] [default: \"http://127.0.0.1:2000\"]\n"                 \
    "      --help        Show help                                  [boolean]\n"

static const char top_usage[] =
    "piston <command>\n"
    "\n"
    "Commands:\n"
    "  piston execute <language> <file>      Executes file with the specified\n"
    "  [args..]                              runner            [aliases: run]\n"
    "  piston ppman                          Package Manager   [aliases: pkg]\n"
    "\n" COMMON_OPTIONS;

static const char ppman_usage[] =
    "piston ppman\n"
    "\n"
    "Package Manager\n"
    "\n"
    "Commands:\n"
    "  piston ppman install <packages...>    Installs the named package\n"
    "                                                            [aliases: i]\n"
    "  piston ppman list                     Lists all available packages\n"
    "                                                            [aliases: l]\n"
    "  piston ppman spec <specfile>          Install the packages described\n"
    "                                        in the spec file, uninstalling\n"
    "                                        packages which aren't in the\n"
    "                                        list                [aliases: s]\n"
    "  piston ppman uninstall <packages...>  Uninstalls the named package\n"
    "                                                            [aliases: u]\n"
    "\n" COMMON_OPTIONS;

static const char execute_usage[] =
    "piston execute <language> <file> [args..]\n"
    "\n"
    "Executes file with the specified runner\n"
    "\n"
    "Options:\n"
    "      --version                Show version number             [boolean]\n"
    "  -u, --piston-url             Piston API URL\n"
    "                             [string] [default: \"http://127.0.0.1:2000\"]\n"
    "      --help                   Show help                       [boolean]\n"
    "  -l, --language_version       Set the version of the language to use\n"
    "                                                 [string] [default: \"*\"]\n"
    "  -i, --stdin                  Read input from stdin and pass to\n"
    "                               executor                        [boolean]\n"
    "  -r, --run_timeout, --rt      Milliseconds before killing run process\n"
    "                                                [number] [default: 3000]\n"
    "  -c, --compile_timeout, --ct  Milliseconds before killing compile\n"
    "                               process         [number] [default: 10000]\n"
    "  -f, --files                  Additional files to add           [array]\n"
    "  -t, --interactive            Run interactively using WebSocket\n"
    "                               transport                       [boolean]\n"
    "  -s, --status                 Output additional status to stderr\n"
    "                                                               [boolean]\n";

static const struct piston_command top_commands[] = {
    {"execute", "run", 2, piston_execute, execute_usage},
    {"ppman", "pkg", 0, NULL, ppman_usage},
};

static const struct piston_command ppman_commands[] = {
    {"install", "i", 1, piston_install,
     "piston ppman install <packages...>\n\nInstalls the named package\n\n" COMMON_OPTIONS},
    {"list", "l", 0, piston_list,
     "piston ppman list\n\nLists all available packages\n\n" COMMON_OPTIONS},
    {"spec", "s", 1, piston_spec,
     "piston ppman spec <specfile>\n\nInstall the packages described in the spec file, "
     "uninstalling "
     "packages\nwhich aren't in the list\n\n" COMMON_OPTIONS},
    {"uninstall", "u", 1, piston_uninstall,
     "piston ppman uninstall <packages...>\n\nUninstalls the named package\n\n" COMMON_OPTIONS},
};

static const struct piston_command *find(const struct piston_command *list, size_t count,
                                         const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].name, word) == 0 || strcmp(list[i].alias, word) == 0) {
            return &list[i];
        }
    }
    return NULL;
}

static int refuse(const char *usage, const char *text)
{
    fprintf(stderr, "%s\n%s\n", usage, text);
    return CLI_FAILED;
}

static int unknown_command(const struct piston_command *list, size_t count, const char *usage,
                           const char *word)
{
    struct suggest suggest = {.typed = word};
    struct err e;
    for (size_t i = 0; i < count; i++) {
        suggest_offer(&suggest, list[i].name);
        suggest_offer(&suggest, list[i].alias);
    }
    err_set(&e, ERR_INVALID, "Unknown command: %s%s%s%s", word,
            suggest.best ? "; did you mean " : "", suggest.best ? suggest.best : "",
            suggest.best ? "?" : "");
    return refuse(usage, e.text);
}

static int too_few(const char *usage, size_t got, size_t need)
{
    struct err e;
    err_set(&e, ERR_INVALID, "Not enough non-option arguments: got %zu, need at least %zu", got,
            need);
    return refuse(usage, e.text);
}

static int command_run(const struct piston_command *command, const struct piston_args *args,
                       size_t skip)
{
    size_t count = args->word_count - skip;
    struct err e = {0};
    if (args->help) {
        fputs(command->usage, stdout);
        return CLI_OK;
    }
    if (count < command->words_min) {
        return too_few(command->usage, count, command->words_min);
    }
    if (args->execute_flag && command->run != piston_execute) {
        err_set(&e, ERR_INVALID, "Unknown argument: --%s", args->execute_flag);
        return refuse(command->usage, e.text);
    }
    if (command->run(args, args->words + skip, &e) < 0) {
        fflush(stdout);
        fprintf(stderr, "%s\nError: %s\n", command->usage, e.text);
        return CLI_FAILED;
    }
    return CLI_OK;
}

/* The level that the words lead to: `piston`, `piston ppman`, or one command. */
static int dispatch(const struct piston_args *args)
{
    const struct piston_command *list = top_commands;
    size_t count = ARRAY_LEN(top_commands);
    const char *usage = top_usage;
    for (size_t depth = 0; depth < 2; depth++) {
        const char *word = depth < args->word_count ? args->words[depth] : NULL;
        const struct piston_command *command = word ? find(list, count, word) : NULL;
        if (command && command->run) {
            return command_run(command, args, depth + 1);
        }
        if ((!word && args->help) || (word && strcmp(word, "help") == 0)) {
            fputs(usage, stdout);
            return CLI_OK;
        }
        if (!command) {
            return word ? unknown_command(list, count, usage, word) : too_few(usage, 0, 1);
        }
        list = ppman_commands;
        count = ARRAY_LEN(ppman_commands);
        usage = command->usage;
    }
    return CLI_FAILED;
}

int cmd_piston(int argc, char **argv)
{
    AUTO(piston_args_done) struct piston_args args = {0};
    struct err e = {0};
    if (piston_args_read(argv + (argc > 0), &args, &e) < 0) {
        bool execute = argc > 1 && find(top_commands, 1, argv[1]);
        return refuse(execute ? execute_usage : top_usage, e.text);
    }
    if (args.version) {
        puts(BELLJAR_VERSION);
        return CLI_OK;
    }
    return dispatch(&args);
}
