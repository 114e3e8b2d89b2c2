/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the table of options says about itself: --print-config, --help and docs/options.md.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "config/judge0_names.h"
#include "config/load.h"
#include "config/option.h"

#define HELP_COLUMN 32
#define HELP_WIDTH  100

static size_t table_length(const struct option *o)
{
    return strcspn(o->key, ".");
}

/* NULL is in none. */
static bool same_table(const struct option *before, const struct option *o)
{
    return before && strncmp(o->key, before->key, table_length(o) + 1) == 0;
}

void config_print(const struct config *c, struct buf *ret)
{
    for (size_t i = 0; i < option_count; i++) {
        buf_add_fmt(ret, "%s = ", options[i].key);
        option_print(&options[i], c, ret);
        buf_add_fmt(ret, "  # from %s\n", load_place(c, &options[i]));
    }
}

/* The first of its short flags, else the long one. */
static void best_flag(const struct option *o, char ret[OPTION_NAME_MAX])
{
    struct option_name name;
    for (const char *at = o->names; option_name_next(&at, &name);) {
        if (name.is_flag) {
            memcpy(ret, name.text, OPTION_NAME_MAX);
            return;
        }
    }
    option_own_flag(o, ret);
}

/* `text` from column HELP_COLUMN on, broken at blanks; the cursor is at `at`. */
static void wrap(struct buf *ret, size_t at, const char *text)
{
    if (at + 2 > HELP_COLUMN) {
        buf_add_char(ret, '\n');
        at = 0;
    }
    buf_add_fmt(ret, "%*s", (int)(HELP_COLUMN - at), "");
    at = HELP_COLUMN;
    while (*text) {
        size_t len = strcspn(text, " ");
        if (at > HELP_COLUMN && at + 1 + len > HELP_WIDTH) {
            buf_add_fmt(ret, "\n%*s", HELP_COLUMN, "");
            at = HELP_COLUMN;
        }
        const char *gap = at > HELP_COLUMN ? " " : "";
        buf_add_fmt(ret, "%s%.*s", gap, (int)len, text);
        at += len + strlen(gap);
        text += len + strspn(text + len, " ");
    }
    buf_add_char(ret, '\n');
}

void config_help_row(const char *head, const char *text, struct buf *ret)
{
    buf_add_fmt(ret, "  %s", head);
    wrap(ret, 2 + strlen(head), text);
}

/* " Also: PISTON_RUN_TIMEOUT, ..." */
static void variables_help(const struct option *o, struct buf *ret)
{
    const char *gap = " Also read from ";
    struct option_name name;
    for (const char *at = o->names; option_name_next(&at, &name);) {
        if (!name.is_flag) {
            buf_add_fmt(ret, "%s%s", gap, name.text);
            gap = ", ";
        }
    }
    buf_add_str(ret, *gap == ',' ? "." : "");
}

static void option_help(const struct option *o, bool variables, struct buf *ret)
{
    AUTO(buf_done) struct buf head = {0};
    AUTO(buf_done) struct buf text = {0};
    char flag[OPTION_NAME_MAX];
    const char *value = option_value_word(o);
    bool is_on = o->type == OPTION_BOOL && strcmp(o->preset, "true") == 0;

    best_flag(o, flag);
    buf_add_fmt(&head, "%s%s%s", flag, value ? " " : is_on ? "[=false]" : "", value ? value : "");
    buf_add_str(&text, o->help);
    if (is_on || (o->type != OPTION_BOOL && *o->preset)) {
        buf_add_fmt(&text, " Default: %s.", o->preset);
    }
    if (variables) {
        variables_help(o, &text);
    }
    config_help_row(head.data, text.data, ret);
}

/* Whether the option's table, or its key, is one of these words; NULL: any is. */
static bool is_wanted(const struct option *o, const char *tables)
{
    for (const char *at = tables; at && *at;) {
        size_t word = strcspn(at, " ");
        if (strncmp(at, o->key, word) == 0 && (o->key[word] == '.' || o->key[word] == '\0')) {
            return true;
        }
        at += word + strspn(at + word, " ");
    }
    return !tables;
}

static void help_list(const char *tables, struct buf *ret)
{
    config_help_row("--config FILE",
                    "Read this configuration instead of " CONFIG_DEFAULT_PATH
                    " or the one that BELLJAR_CONFIG names.",
                    ret);
    const struct option *before = NULL;
    for (const struct option *o = options; o < options + option_count; o++) {
        if (is_wanted(o, tables)) {
            if (!same_table(before, o)) {
                buf_add_fmt(ret, "\n[%.*s]\n", (int)table_length(o), o->key);
            }
            option_help(o, !tables, ret);
            before = o;
        }
    }
}

void config_help(struct buf *ret)
{
    help_list(NULL, ret);
}

void config_help_tables(const char *tables, struct buf *ret)
{
    help_list(tables, ret);
}

/* --- docs/options.md -------------------------------------------------------------------------- */

static const char markdown_head[] =
    "# Options\n"
    "\n"
    "<!-- Made by `belljar docs options` (`make docs`) from src/config/options.def: change it "
    "there. "
    "-->\n"
    "\n"
    "Every setting has a key in the configuration file, an environment variable and a flag. A flag "
    "is stronger than the\n"
    "environment, the environment is stronger than the file, and the file is stronger than a "
    "judge0.conf (see [judge0])\n"
    "and the default.\n"
    "`belljar serve --print-config` shows each value and where it came from. A value that cannot "
    "be "
    "used stops the start\n"
    "with its place and the range; so do unknown keys, unknown flags and unknown `BELLJAR_*` "
    "variables.\n"
    "\n"
    "- The file is the one that `--config FILE` names, else the one in `BELLJAR_CONFIG`, else "
    "`" CONFIG_DEFAULT_PATH "` if it\n"
    "  is there. It is TOML: `[tables]`, `key = value`, strings, integers, `true` and `false`, "
    "arrays and comments.\n"
    "- The variable of `limits.run_wall_ms` is `BELLJAR_LIMITS_RUN_WALL_MS`; its flag is "
    "`--limits-run-wall-ms`.\n"
    "  The tables below name the further flags and variables. Lists are written with commas in a "
    "variable and by\n"
    "  repeating the flag.\n"
    "- Times are in milliseconds, or with a unit: `500ms`, `2s`, `1m`. Sizes are in bytes, or with "
    "a unit: `64K`, `64M`,\n"
    "  `1G` (each 1024 times the one before). In the file such a value is a string: `\"2s\"`.\n"
    "- The variables of Piston keep their words: `-1` for a memory limit and `0` or `-1` for a "
    "time "
    "mean \"none\" there,\n"
    "  and leave belljar's default; unknown `PISTON_*` variables are ignored. `PORT` sets the port "
    "of the default address.\n"
    "- The variables of Judge0 keep their words too: times in seconds, sizes in KB, lists parted "
    "by "
    "blanks, and what is\n"
    "  empty is not set. Those that another program could mean (`MEMORY_LIMIT`) are read from a "
    "judge0.conf only, the file\n"
    "  that `--judge0-conf` names or `/judge0.conf`: [judge0.md](judge0.md).\n"
    "- Where several names of one setting are set, `BELLJAR_*` is the strongest, then those of the "
    "table from left to right.\n";

static void names_markdown(const struct option *o, struct buf *ret)
{
    struct option_name name;
    size_t count = 0;
    for (const char *at = o->names; option_name_next(&at, &name); count++) {
        buf_add_fmt(ret, "%s`%s`", count ? ", " : "", name.text);
        if (name.scale == UINT64_C(1) << 20) {
            buf_add_str(ret, " (MiB)");
        }
    }
    for (size_t i = 0; i < judge0_name_count; i++) {
        const struct judge0_name *judge0 = &judge0_names[i];
        if (strcmp(judge0->target, o->key) == 0 && !strstr(o->names, judge0->name)) {
            buf_add_fmt(ret, "%s`%s` (judge0.conf)", count++ ? ", " : "", judge0->name);
        }
    }
}

/* The range without its examples, which the page's head gives once. */
static int range_length(const char *range)
{
    const char *examples = strstr(range, ", or with");
    examples = examples ? examples : strstr(range, " such as");
    return (int)(examples ? (size_t)(examples - range) : strlen(range));
}

static void option_markdown(const struct option *o, struct buf *ret)
{
    AUTO(buf_done) struct buf range = {0};
    option_range(o, &range);
    buf_add_fmt(ret, "| `%s` | %s%s%s | %.*s | ", o->key, *o->preset ? "`" : "", o->preset,
                *o->preset ? "`" : "", range_length(range.data), range.data);
    names_markdown(o, ret);
    buf_add_fmt(ret, " | %s |\n", o->help);
}

void config_markdown(struct buf *ret)
{
    buf_add_str(ret, markdown_head);
    for (size_t i = 0; i < option_count; i++) {
        if (!same_table(i ? &options[i - 1] : NULL, &options[i])) {
            buf_add_fmt(ret,
                        "\n## [%.*s]\n\n| key | default | values | further names | meaning |\n"
                        "| --- | --- | --- | --- | --- |\n",
                        (int)table_length(&options[i]), options[i].key);
        }
        option_markdown(&options[i], ret);
    }
}
