/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/recipe_keys.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/semver.h"
#include "recipes/recipe.h"
#include "recipes/recipe_id.h"

/* --- what a text must be -------------------------------------------------------------------- */

static const char *wrong_id(const char *text)
{
    return recipe_id_valid(text) ? NULL : "is no recipe's id; write LANGUAGE/NAME";
}

static const char *wrong_language(const char *text)
{
    return recipe_name_valid(text) ? NULL
                                   : "is no name; write small letters, digits and + - _ . # alone";
}

/* A version may be part of it. */
static const char *wrong_alias(const char *text)
{
    return recipe_alias_valid(text)
               ? NULL
               : "is no name; write it without spaces, '/', '@', '=' and quotes";
}

static const char *wrong_version(const char *text)
{
    struct semver version;
    return semver_parse(text, &version) ? NULL : "is no full version; write MAJOR.MINOR.PATCH";
}

static const char *wrong_range(const char *text)
{
    return semver_range_valid(text) ? NULL
                                    : "is no range of versions; write one such as '>=3.1 <4'";
}

static const char *wrong_extension(const char *text)
{
    return text[0] == '.' && text[1] != '\0' && strchr(text, '/') == NULL
               ? NULL
               : "is no extension; write one such as '.rb'";
}

static const char *wrong_file(const char *text)
{
    return text[0] != '.' && strchr(text, '/') == NULL
               ? NULL
               : "is no name of a file in the work directory";
}

static const char *wrong_variable(const char *text)
{
    const char *equals = strchr(text, '=');
    return equals != NULL && equals != text ? NULL : "is no variable; write NAME=VALUE";
}

static const char *wrong_empty(const char *text)
{
    return *text != '\0' ? NULL : "is empty";
}

static const char *wrong_left_out(const char *text)
{
    static const char home[] = "{home}/";
    size_t begin = strncmp(text, home, strlen(home)) == 0 ? strlen(home) : 1;
    bool absolute = begin > 1 || text[0] == '/';
    return absolute && text[begin] != '\0' && text[begin] != '/' && strstr(text, "..") == NULL
               ? NULL
               : "is no path to leave out; write one such as '/usr/share/x' or '{home}/lib/*.a'";
}

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field) offsetof(struct recipe, field)
#define LIMITS(stage)                                                                              \
    {"limits." #stage ".address_bytes", KEY_BYTES, AT(stage##_limits.address_bytes), NULL},        \
        {"limits." #stage ".cpu_ms", KEY_MS, AT(stage##_limits.cpu_ms), NULL},                     \
        {"limits." #stage ".disk_bytes", KEY_BYTES, AT(stage##_limits.disk_bytes), NULL},          \
        {"limits." #stage ".disk_inodes", KEY_COUNT, AT(stage##_limits.disk_inodes), NULL},        \
        {"limits." #stage ".file_bytes", KEY_BYTES, AT(stage##_limits.file_bytes), NULL},          \
        {"limits." #stage ".memory_bytes", KEY_BYTES, AT(stage##_limits.memory_bytes), NULL},      \
        {"limits." #stage ".open_files", KEY_COUNT_32, AT(stage##_limits.open_files), NULL},       \
        {"limits." #stage ".output_bytes", KEY_BYTES, AT(stage##_limits.output_bytes), NULL},      \
        {"limits." #stage ".processes", KEY_COUNT_32, AT(stage##_limits.processes), NULL},         \
        {"limits." #stage ".stack_bytes", KEY_BYTES, AT(stage##_limits.stack_bytes), NULL},        \
    {                                                                                              \
        "limits." #stage ".wall_ms", KEY_MS, AT(stage##_limits.wall_ms), NULL                      \
    }

const struct recipe_key recipe_keys[] = {
    {"aliases", KEY_WORDS, AT(aliases), wrong_alias},
    {"ask.after", KEY_TEXT, AT(ask_after), NULL},
    {"ask.args", KEY_WORDS, AT(ask), NULL},
    {"ask.input", KEY_TEXT, AT(ask_input), NULL},
    {"ask.package", KEY_TEXT, AT(ask_package), NULL},
    {"compile", KEY_WORDS, AT(commands.compile), NULL},
    {"compile_env", KEY_WORDS, AT(compile_env), wrong_variable},
    {"compile_many", KEY_WORDS, AT(commands.compile_many), NULL},
    {"compile_warm", KEY_TEXT, AT(commands.compile_warm), NULL},
    {"compile_warm_alone", KEY_BOOL, AT(compile_warm_alone), NULL},
    {"compile_warm_unless", KEY_WORDS, AT(compile_warm_unless), wrong_empty},
    {"env", KEY_WORDS, AT(env), wrong_variable},
    {"extensions", KEY_WORDS, AT(extensions), wrong_extension},
    {"file", KEY_TEXT, AT(file), wrong_file},
    {"headers", KEY_WORDS, AT(headers), wrong_extension},
    {"host.needs", KEY_WORDS, AT(needs), wrong_empty},
    {"host.offer", KEY_BOOL, AT(on_host), NULL},
    {"host.unless", KEY_TEXT, AT(unless), NULL},
    {"install.after", KEY_WORDS, AT(install.after), NULL},
    {"install.debian", KEY_WORDS, AT(install.debian), wrong_empty},
    {"install.library", KEY_WORDS, AT(install.library), wrong_empty},
    {"install.npm", KEY_WORDS, AT(install.npm), wrong_empty},
    {"install.on", KEY_WORDS, AT(install.on), wrong_id},
    {"install.own", KEY_WORDS, AT(install.own), wrong_language},
    {"install.suite", KEY_TEXT, AT(install.suite), wrong_language},
    {"install.without", KEY_WORDS, AT(install.without), wrong_left_out},
    {"judge0", KEY_NUMBERS, AT(judge0), NULL},
    {"judge0_extra", KEY_NUMBERS, AT(judge0_extra), NULL},
    {"language", KEY_TEXT, AT(language), wrong_language},
    {"like", KEY_LIKE, 0, wrong_id},
    LIMITS(compile),
    LIMITS(run),
    {"machines", KEY_WORDS, AT(machines), wrong_language},
    {"name", KEY_TEXT, AT(name), NULL},
    {"needs_extension", KEY_BOOL, AT(needs_extension), NULL},
    {"one_stage", KEY_BOOL, AT(one_stage), NULL},
    {"only", KEY_TEXT, AT(only), wrong_range},
    {"package", KEY_TEXT, AT(package), wrong_alias},
    {"prepare", KEY_TEXT, AT(prepare), wrong_language},
    {"prepared.compile", KEY_WORDS, AT(when_prepared.compile), NULL},
    {"prepared.compile_many", KEY_WORDS, AT(when_prepared.compile_many), NULL},
    {"prepared.compile_warm", KEY_TEXT, AT(when_prepared.compile_warm), NULL},
    {"prepared.run", KEY_WORDS, AT(when_prepared.run), NULL},
    {"prepared.run_many", KEY_WORDS, AT(when_prepared.run_many), NULL},
    {"prepared.warm", KEY_TEXT, AT(when_prepared.warm), NULL},
    {"run", KEY_WORDS, AT(commands.run), NULL},
    {"run_many", KEY_WORDS, AT(commands.run_many), NULL},
    {"tests.bad", KEY_TEXT, AT(tests.bad), NULL},
    {"tests.echo", KEY_TEXT, AT(tests.echo), NULL},
    {"tests.error", KEY_TEXT, AT(tests.error), NULL},
    {"tests.exit", KEY_TEXT, AT(tests.exit), NULL},
    {"tests.hello", KEY_TEXT, AT(tests.hello), NULL},
    {"tests.loop", KEY_TEXT, AT(tests.loop), NULL},
    {"tests.memory", KEY_TEXT, AT(tests.memory), NULL},
    {"tests.no", KEY_WORDS, AT(tests.no), wrong_empty},
    {"tests.says", KEY_TEXT, AT(tests.says), NULL},
    {"tests.sum", KEY_TEXT, AT(tests.sum), NULL},
    {"tests.unicode", KEY_TEXT, AT(tests.unicode), NULL},
    {"tools", KEY_WORDS, AT(tools), wrong_empty},
    {"unlisted", KEY_BOOL, AT(unlisted), NULL},
    {"version", KEY_TEXT, AT(version), wrong_version},
    {"warm", KEY_TEXT, AT(commands.warm), NULL},
    {"warm_alone", KEY_BOOL, AT(warm_alone), NULL},
    {"warm_unless", KEY_WORDS, AT(warm_unless), wrong_empty},
    {"yields", KEY_BOOL, AT(yields), NULL},
};

const size_t recipe_key_count = ARRAY_LEN(recipe_keys);

static int key_compare(const void *name, const void *key)
{
    return strcmp(name, ((const struct recipe_key *)key)->name);
}

const struct recipe_key *recipe_key_find(const char *name)
{
    return bsearch(name, recipe_keys, recipe_key_count, sizeof(recipe_keys[0]), key_compare);
}
