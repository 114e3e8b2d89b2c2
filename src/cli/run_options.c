/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/args.h"
#include "cli/run.h"
#include "cli/run_language.h"
#include "config/config.h"
#include "model/semver.h"

#define RUN_FLAGS                                                                                  \
    {"--language", 'l', "LANG[=RANGE]",                                                            \
     "Language, when the file's name does not say it or says another; with a range "               \
     "of versions: python=3.x."},                                                                  \
        {"--version", 0, "RANGE",                                                                  \
         "Range of versions to choose from, as npm writes them: 3.x, ^12, '>=1 <2'; the "          \
         "newest is taken."},                                                                      \
        {"--file", 'f', "FILE", "A further file; may be given several times."},                    \
        {"--env", 'e', "KEY=VALUE",                                                                \
         "A variable of the program's environment; may be given several times."},                  \
        {"--no-warm", 0, NULL,                                                                     \
         "On a server: nothing of it is started ahead, so that its CPU time is all its own."},     \
    {                                                                                              \
        "--json", 0, NULL,                                                                         \
            "Print the whole result as one JSON object at the end, and nothing else."              \
    }

const struct cli_flag run_flags[] = {
    RUN_FLAGS,
    {"--tty", 't', NULL,
     "A session: the program gets a terminal of its own when stdin is one, its limits on time are "
     "those of sessions, and its output has none."},
    REMOTE_FLAGS,
    {0},
};

const struct cli_flag submit_flags[] = {
    RUN_FLAGS,
    {"--wait", 0, NULL, "Wait for its end and print its result, as run does."},
    {"--label", 0, "TEXT", "Anything to find it by later."},
    {"--tests", 0, "FILE",
     "Tests as JSON: [{\"name\", \"stdin\", \"expected_output\", \"limits\"}]; it is compiled once "
     "and "
     "run once for each."},
    REMOTE_FLAGS,
    {0},
};

void run_options_done(struct run_options *o)
{
    for (size_t i = 0; i < o->file_count; i++) {
        free(o->files[i].name);
        buf_done(&o->files[i].data);
    }
    free(o->files);
    free(o->language);
    free(o->range);
    strv_free(o->env);
    strv_free(o->more);
    remote_done(&o->remote);
    config_free(o->config);
    *o = (struct run_options){0};
}

static int range_set(struct run_options *o, const char *range, struct err *e)
{
    if (!semver_range_valid(range)) {
        return err_set(e, ERR_INVALID, "'%.60s' is no range of versions; write 3.x, ^12 or 1.2.3",
                       range);
    }
    free(o->range);
    o->range = xstrdup(range);
    return 0;
}

static int language_set(struct run_options *o, const char *value, struct err *e)
{
    size_t len = strcspn(value, "=");
    if (len == 0) {
        return err_set(e, ERR_INVALID, "flag --language names no language; write -l python");
    }
    free(o->language);
    o->language = xstrndup(value, len);
    return value[len] ? range_set(o, value + len + 1, e) : 0;
}

static int env_add(struct run_options *o, const char *value, struct err *e)
{
    const char *sign = strchr(value, '=');
    if (!sign || sign == value) {
        return err_set(e, ERR_INVALID, "'%.60s' sets no variable; write --env KEY=VALUE", value);
    }
    strv_add(&o->env, value);
    return 0;
}

static int file_add(struct run_options *o, const char *value, struct err *e)
{
    (void)e;
    strv_add(&o->more, value);
    return 0;
}

static int json_set(struct run_options *o, const char *value, struct err *e)
{
    (void)value;
    (void)e;
    o->json = true;
    return 0;
}

static int cold_set(struct run_options *o, const char *value, struct err *e)
{
    (void)value;
    (void)e;
    o->cold = true;
    return 0;
}

static int tty_set(struct run_options *o, const char *value, struct err *e)
{
    (void)value;
    (void)e;
    o->tty = true;
    return 0;
}

static int wait_set(struct run_options *o, const char *value, struct err *e)
{
    (void)value;
    (void)e;
    o->wait = true;
    return 0;
}

static int label_set(struct run_options *o, const char *value, struct err *e)
{
    (void)e;
    o->label = value;
    return 0;
}

static int tests_set(struct run_options *o, const char *value, struct err *e)
{
    (void)e;
    o->tests = value;
    return 0;
}

static const struct {
    const char *name;
    int (*set)(struct run_options *o, const char *value, struct err *e);
} setters[] = {
    {"--language", language_set}, {"--version", range_set}, {"--file", file_add},
    {"--env", env_add},           {"--json", json_set},     {"--tty", tty_set},
    {"--wait", wait_set},         {"--label", label_set},   {"--tests", tests_set},
    {"--no-warm", cold_set},
};

static int flag_set(struct run_options *o, const struct cli_flag *flag, const char *value,
                    struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(setters); i++) {
        if (strcmp(setters[i].name, flag->name) == 0) {
            return setters[i].set(o, value, e);
        }
    }
    int r = remote_flag(&o->remote, flag, value, e);
    return r == 0 ? err_set(e, ERR_BUG, "flag %s is not read", flag->name) : r;
}

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* What `path` is called below `folder` (real paths); its last name when it lies elsewhere. */
static char *name_below(const char *folder, const char *path)
{
    char real[PATH_MAX];
    size_t len = strlen(folder);
    if (realpath(path, real) && strncmp(real, folder, len) == 0 && real[len] == '/') {
        return xstrdup(real + len + 1);
    }
    return xstrdup(last_name(path));
}

static int file_read(struct run_options *o, const char *path, const char *folder, struct err *e)
{
    AUTO(buf_done) struct buf data = {0};
    size_t max = o->config->disk_bytes;
    bool from_stdin = o->file_count == 0 && strcmp(path, "-") == 0;
    int r =
        from_stdin ? fd_read_all(STDIN_FILENO, max, &data, e) : fd_read_path(path, max, &data, e);
    if (r == -ERR_LIMIT) {
        return err_set(e, ERR_LIMIT, "'%.100s' is larger than the %zu bytes of a box; give --disk",
                       path, max);
    }
    if (r < 0) {
        return r;
    }
    o->files = xreallocarray(o->files, o->file_count + 1, sizeof(*o->files));
    o->files[o->file_count++] = (struct run_file){
        .name = from_stdin ? NULL
                : folder   ? name_below(folder, path)
                           : xstrdup(last_name(path)),
        .data = TAKE(&data, (struct buf){0}),
    };
    o->source_is_stdin = o->source_is_stdin || from_stdin;
    return 0;
}

/* The folder that further files are named from: that of the main file. */
static int folder_of(const char *main_path, char ret[PATH_MAX], struct err *e)
{
    const char *slash = strrchr(main_path, '/');
    size_t len = slash ? (size_t)(slash - main_path) : 0;
    AUTO(mem_freep) char *folder = len ? xstrndup(main_path, len) : xstrdup(slash ? "/" : ".");
    return realpath(folder, ret) ? 0 : err_sys(e, "folder '%s'", folder);
}

static int files_read(struct run_options *o, const char *main_path, struct err *e)
{
    char folder[PATH_MAX];
    int r = file_read(o, main_path, NULL, e);
    if (r == 0 && o->more) {
        r = folder_of(main_path, folder, e);
    }
    for (char *const *path = o->more; r == 0 && path && *path; path++) {
        r = file_read(o, *path, folder, e);
    }
    return r;
}

static int language_find(struct run_options *o, const char *main_path, struct err *e)
{
    const char *name = last_name(main_path);
    if (o->language) {
        return 0;
    }
    if (o->source_is_stdin) {
        return err_set(e, ERR_INVALID,
                       "a program from stdin has no name; say its language with -l");
    }
    const struct buf *text = &o->files[0].data;
    return run_language(o->config, name, text->data, text->len, &o->language, e);
}

static int config_read(struct run_options *o, const struct args *args, struct err *e)
{
    AUTO(mem_freep) char **rest = NULL;
    return config_load(args->config, environ, &o->config, &rest, e);
}

static int tty_check(struct run_options *o, struct err *e)
{
    o->terminal = o->tty && isatty(STDIN_FILENO);
    if (o->tty && o->json) {
        return err_set(
            e, ERR_INVALID,
            "--json prints at the end what -t passes as it comes; leave one of them out");
    }
    if (o->tty && o->source_is_stdin) {
        return err_set(e, ERR_INVALID,
                       "with -t stdin is the program's; give its source as a file instead of '-'");
    }
    return 0;
}

/* What the words say, once they are all known. */
static int options_complete(struct run_options *o, const struct args *args, struct err *e)
{
    const char *main_path = *args->words;
    if (!main_path) {
        return err_set(e, ERR_INVALID, "a file is missing; write: belljar %s FILE [ARGS...]",
                       o->command);
    }
    o->args = args->words + 1;
    int r = remote_environment(&o->remote, e);
    if (r == 0) {
        r = config_read(o, args, e);
    }
    if (r == 0) {
        r = files_read(o, main_path, e);
    }
    if (r == 0) {
        r = language_find(o, main_path, e);
    }
    return r == 0 ? tty_check(o, e) : r;
}

int run_options_read(char **argv, const struct cli_flag *flags, struct run_options *ret,
                     struct err *e)
{
    AUTO(run_options_done) struct run_options o = {.range = xstrdup("*")};
    o.command = flags == submit_flags ? "submit" : "run";
    AUTO(args_done) struct args args = {.words = argv, .flags = flags};
    const struct cli_flag *flag = NULL;
    const char *value = NULL;
    int r;
    while ((r = args_next(&args, &flag, &value, e)) == ARGS_FLAG) {
        if (flag_set(&o, flag, value, e) < 0) {
            return -(int)e->kind;
        }
    }
    if (r == ARGS_END) {
        r = options_complete(&o, &args, e);
    }
    if (r == ARGS_END) {
        *ret = TAKE(&o, (struct run_options){0});
    }
    return r;
}
