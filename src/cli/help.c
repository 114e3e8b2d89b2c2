/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "config/config.h"
#include "config/suggest.h"

void cli_put(const struct buf *text, FILE *out)
{
    if (text->len > 0) {
        fwrite(text->data, 1, text->len, out);
    }
}

void cli_error(const char *command, const struct err *e)
{
    fprintf(stderr, "belljar %s: %s\n", command, e->text);
}

void cli_note(const char *command, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    AUTO(buf_done) struct buf line = {0};
    buf_add_fmt(&line, "belljar %s: ", command);
    buf_add_vfmt(&line, fmt, ap);
    buf_add_char(&line, '\n');
    va_end(ap);
    fputs(line.data, stderr);
}

void help_overview(struct buf *ret)
{
    buf_add_str(ret, "belljar runs programs that you do not trust, each in a box of its own.\n"
                     "\n"
                     "  belljar run hello.py       run a program here and now\n"
                     "  belljar serve              answer the HTTP API on http://127.0.0.1:2358\n"
                     "\n"
                     "Commands:\n");
    for (size_t i = 0; i < command_count; i++) {
        if (commands[i].summary) {
            buf_add_fmt(ret, "  %-10s %s\n", commands[i].name, commands[i].summary);
        }
    }
    buf_add_str(ret, "\n'belljar help COMMAND' explains one of them; 'belljar help options' lists "
                     "every setting.\n");
}

static void flags_page(const struct cli_flag *flags, struct buf *ret)
{
    buf_add_str(ret, "\nFlags:\n");
    for (; flags && flags->name; flags++) {
        char letter[] = {'-', flags->letter, ',', ' ', '\0'};
        AUTO(mem_freep)
        char *head = xasprintf("%s%s%s%s", flags->letter ? letter : "    ", flags->name,
                               flags->value ? " " : "", flags->value ? flags->value : "");
        config_help_row(head, flags->help, ret);
    }
    config_help_row("-h, --help", "Print this page.", ret);
}

void help_page(const struct command *command, struct buf *ret)
{
    buf_add_fmt(ret, "Usage: belljar %s\n\n%s", command->usage, command->text);
    flags_page(command->flags, ret);
    if (command->tables) {
        config_help_tables(command->tables, ret);
    }
}

int help_show(const char *name)
{
    AUTO(buf_done) struct buf page = {0};
    help_page(command_find(name), &page);
    cli_put(&page, stdout);
    return CLI_OK;
}

static void options_page(struct buf *ret)
{
    buf_add_str(
        ret,
        "Every setting has a key in the configuration file, an environment variable and a flag:\n"
        "\n"
        "  [limits]\n"
        "  run_wall_ms = 3000                 in the file\n"
        "  BELLJAR_LIMITS_RUN_WALL_MS=3000    in the environment\n"
        "  --limits-run-wall-ms 3000          as a flag; most have a short one too, here --time "
        "3s\n"
        "\n"
        "A flag is stronger than the environment, the environment than the file, the file than "
        "the\n"
        "default. TIME is in milliseconds or has a unit (500ms, 2s, 1m), SIZE is in bytes or has "
        "one\n"
        "(64K, 64M, 1G). 'belljar serve --print-config' shows each value and where it came from.\n"
        "\n");
    config_help(ret);
}

static int topic_unknown(const char *name)
{
    struct suggest suggest = {.typed = name};
    suggest_offer(&suggest, "options");
    for (size_t i = 0; i < command_count; i++) {
        suggest_offer(&suggest, commands[i].name);
    }
    fprintf(stderr, "belljar help: there is no page '%s'; ", name);
    if (suggest.best) {
        fprintf(stderr, "did you mean '%s'?\n", suggest.best);
    } else {
        fputs("'belljar help' lists the commands\n", stderr);
    }
    return CLI_USAGE;
}

int cmd_help(int argc, char **argv)
{
    AUTO(buf_done) struct buf page = {0};
    if (argc > 2) {
        fprintf(stderr, "belljar help: '%s' is too much; write: belljar help COMMAND\n", argv[2]);
        return CLI_USAGE;
    }
    if (argc < 2) {
        help_overview(&page);
    } else if (strcmp(argv[1], "options") == 0) {
        options_page(&page);
    } else if (command_find(argv[1])) {
        return help_show(argv[1]);
    } else {
        return topic_unknown(argv[1]);
    }
    cli_put(&page, stdout);
    return CLI_OK;
}

int cmd_docs(int argc, char **argv)
{
    AUTO(buf_done) struct buf page = {0};
    if (argc != 2 || strcmp(argv[1], "options") != 0) {
        fputs("belljar docs: write: belljar docs options\n", stderr);
        return CLI_USAGE;
    }
    config_markdown(&page);
    cli_put(&page, stdout);
    return CLI_OK;
}
