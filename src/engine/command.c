/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "engine/layout.h"
#include "model/job.h"
#include "model/runtime.h"

/* LIBC_FATAL_STDERR_: glibc's "stack smashing detected" goes to stderr, not to a terminal. */
static const char *const common_environment[] = {
    "HOME=/tmp",
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG=C.UTF-8",
    "LIBC_FATAL_STDERR_=1",
};

char *const *command_for_compile(const struct runtime *r, const struct layout *l)
{
    return l->source_count > 1 && r->compile_many.argv ? r->compile_many.argv : r->compile.argv;
}

char *const *command_for_run(const struct runtime *r, const struct layout *l)
{
    return l->source_count > 1 && r->run_many.argv ? r->run_many.argv : r->run.argv;
}

/* --- arguments --------------------------------------------------------------------------- */

static char *name_as_argument(const char *name)
{
    return name[0] == '-' || name[0] == '@' ? xasprintf("./%s", name) : xstrdup(name);
}

static void stem_of(const char *name, struct buf *ret)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    const char *dot = strrchr(base, '.');
    buf_add(ret, name, dot && dot != base ? (size_t)(dot - name) : strlen(name));
}

/* Replaces {main} and {stem} anywhere in `element`. */
static char *element_expand(const char *element, const struct layout *l)
{
    struct buf out = {0};
    for (const char *at = element; *at;) {
        if (str_starts(at, "{main}")) {
            buf_add_str(&out, layout_main(l));
            at += strlen("{main}");
        } else if (str_starts(at, "{stem}")) {
            stem_of(layout_main(l), &out);
            at += strlen("{stem}");
        } else {
            buf_add_char(&out, *at++);
        }
    }
    bool from_name = str_starts(element, "{main}") || str_starts(element, "{stem}");
    AUTO(mem_freep) char *text = out.data ? buf_take(&out) : xstrdup("");
    return from_name ? name_as_argument(text) : TAKE(&text, NULL);
}

/* The main file first: where order counts (an entry point, a linker), it is the one that matters.
 */
static char **sources_put(char **at, const struct layout *l)
{
    *at++ = name_as_argument(layout_main(l));
    for (size_t i = 0; i < l->file_count; i++) {
        if (l->is_source[i] && i != l->main) {
            *at++ = name_as_argument(l->names[i]);
        }
    }
    return at;
}

static char **args_put(char **at, char *const *args)
{
    for (; args && *args; args++) {
        *at++ = xstrdup(*args);
    }
    return at;
}

/* One allocation of the vector: a job may have very many arguments and files. */
static size_t argv_room(char *const *template, const struct layout *l,
                        const struct command_arguments *given)
{
    size_t room = 1 + strv_len(given->compile);
    for (; *template; template ++) {
        if (strcmp(*template, "{args}") == 0) {
            room += strv_len(given->run);
        } else if (strcmp(*template, "{compile_args}") == 0) {
            room += strv_len(given->compile);
        } else if (strcmp(*template, "{sources}") == 0) {
            room += l->file_count;
        }
        room++;
    }
    return room;
}

/* sh -c script name tool: */
#define SCRIPT_TOOL 4

static bool is_script(char *const *template)
{
    return strv_len(template) > SCRIPT_TOOL && str_ends(template[0], "sh") &&
           strcmp(template[1], "-c") == 0;
}

/* Behind which element what the compiler is asked for belongs; SIZE_MAX: the template says it. */
static size_t compiler_at(char *const *template)
{
    return strv_has(template, "{compile_args}") ? SIZE_MAX : is_script(template) ? SCRIPT_TOOL : 0;
}

char **command_expand(char *const *template, const struct layout *l,
                      const struct command_arguments *given)
{
    char **argv = xcalloc(argv_room(template, l, given), sizeof(char *));
    char **at = argv;
    size_t compiler = compiler_at(template);
    for (size_t i = 0; template[i]; i++) {
        if (strcmp(template[i], "{args}") == 0) {
            at = args_put(at, given->run);
        } else if (strcmp(template[i], "{compile_args}") == 0) {
            at = args_put(at, given->compile);
        } else if (strcmp(template[i], "{sources}") == 0) {
            at = sources_put(at, l);
        } else {
            *at++ = element_expand(template[i], l);
        }
        if (i == compiler) {
            at = args_put(at, given->compile);
        }
    }
    return argv;
}

/* --- environment ------------------------------------------------------------------------- */

struct variable {
    const char *text;
    size_t name_len, rank;
};

static int variable_compare(const void *left, const void *right)
{
    const struct variable *a = left, *b = right;
    size_t shorter = a->name_len < b->name_len ? a->name_len : b->name_len;
    int order = memcmp(a->text, b->text, shorter);
    if (order == 0 && a->name_len != b->name_len) {
        order = a->name_len < b->name_len ? -1 : 1;
    }
    return order ? order : (a->rank > b->rank) - (a->rank < b->rank);
}

static bool same_name(const struct variable *a, const struct variable *b)
{
    return a->name_len == b->name_len && memcmp(a->text, b->text, a->name_len) == 0;
}

static size_t variables_add(struct variable *at, size_t rank, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals) {
        return 0;
    }
    at[rank] = (struct variable){text, (size_t)(equals - text), rank};
    return 1;
}

/* Those of NULL-ended `v`, behind the `count` that are there; how many there are then. */
static size_t variables_add_all(struct variable *all, size_t count, char *const *v)
{
    for (; v && *v; v++) {
        count += variables_add(all, count, *v);
    }
    return count;
}

char **command_environment(const struct job *job, bool compile)
{
    AUTO(mem_freep)
    char *language = xasprintf("PISTON_LANGUAGE=%s", job->runtime->language);
    char *const *of_compile = compile ? job->runtime->compile_env : NULL;
    size_t room = ARRAY_LEN(common_environment) + 2 + strv_len(job->runtime->env) +
                  strv_len(of_compile) + strv_len(job->env);
    AUTO(mem_freep) struct variable *all = xcalloc(room, sizeof(*all));
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(common_environment); i++) {
        count += variables_add(all, count, common_environment[i]);
    }
    count += variables_add(all, count, language);
    if (job->stdio == JOB_STDIO_PTY) {
        count += variables_add(all, count, "TERM=xterm-256color");
    }
    count = variables_add_all(all, count, job->runtime->env);
    count = variables_add_all(all, count, of_compile);
    count = variables_add_all(all, count, job->env);
    qsort(all, count, sizeof(*all), variable_compare);

    char **env = xcalloc(count + 1, sizeof(char *));
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (i + 1 == count || !same_name(&all[i], &all[i + 1])) {
            env[kept++] = xstrdup(all[i].text);
        }
    }
    return env;
}
