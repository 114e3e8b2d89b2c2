/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "model/semver.h"
#include "recipes/recipe.h"
#include "recipes/recipe_check.h"

#define FINDING_MAX 400

struct lint {
    const struct recipe *recipe;
    recipe_say_fn *say;
    void *ctx;
    unsigned count;
};

static void say(struct lint *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct lint *l, const char *fmt, ...)
{
    char text[FINDING_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    l->say(l->ctx, text);
    l->count++;
}

/* --- names ---------------------------------------------------------------------------------- */

static void lint_names(struct lint *l)
{
    const struct recipe *r = l->recipe;
    size_t len = (size_t)(strchr(r->id, '/') - r->id);
    const char *folder = r->language != NULL ? r->language : "part";
    if (strlen(folder) != len || strncmp(folder, r->id, len) != 0) {
        say(l, "language: the file lies in '%.*s', but belongs in '%s'", (int)len, r->id, folder);
    }
    if (r->name == NULL) {
        say(l, "name: there is none for people");
    }
    if (r->like == NULL && r->tools == NULL && r->language != NULL) {
        say(l, "tools: there are none, so nobody can ask for the version");
    }
    if (r->file == NULL || r->extensions == NULL) {
        return;
    }
    bool fits = strchr(r->file, '.') == NULL && !r->needs_extension;
    for (char *const *x = r->extensions; *x != NULL; x++) {
        fits = fits || str_ends(r->file, *x);
    }
    if (!fits) {
        say(l, "file: '%s' has none of the extensions", r->file);
    }
}

static void lint_versions(struct lint *l)
{
    const struct recipe *r = l->recipe;
    struct semver version;
    if (r->version != NULL && r->only != NULL && semver_parse(r->version, &version) &&
        !semver_satisfies(&version, r->only)) {
        say(l, "only: its own version %s is not within '%s'", r->version, r->only);
    }
}

/* --- commands ------------------------------------------------------------------------------- */

static bool is_placeholder(const char *s)
{
    static const char *const names[] = {"{main}",     "{stem}",         "{sources}",
                                        "{args}",     "{compile_args}", "{tool}",
                                        "{prepared}", "{base}",         "{home}"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_starts(s, names[i])) {
            return true;
        }
    }
    return false;
}

static void lint_element(struct lint *l, const char *key, const char *element)
{
    bool code = strpbrk(element, " \n") != NULL;
    for (const char *brace = strchr(element, '{'); brace; brace = strchr(brace + 1, '{')) {
        if (!code && !is_placeholder(brace)) {
            say(l, "%s: '%.40s' is no placeholder", key, brace);
        }
    }
    static const char *const alone[] = {"{args}", "{compile_args}", "{sources}", "{tool}"};
    for (size_t i = 0; i < ARRAY_LEN(alone); i++) {
        if (strstr(element, alone[i]) != NULL && strcmp(element, alone[i]) != 0) {
            say(l, "%s: %s must be an element of its own, not '%.60s'", key, alone[i], element);
        }
    }
    bool name = strstr(element, "{main}") != NULL || strstr(element, "{stem}") != NULL;
    if (name && strpbrk(element, " \t\n\"'()[];$`") != NULL) {
        say(l, "%s: '%.60s' makes a file's name part of a text that a program reads as code", key,
            element);
    }
}

static int lint_command(void *ctx, const char *key, char *const *command)
{
    struct lint *l = ctx;
    bool script = recipe_command_is_script(command);
    size_t compile_args = 0;
    if (**command == '\0') {
        say(l, "%s: it begins with an empty word", key);
    }
    for (size_t i = 0; command[i] != NULL; i++) {
        if (!script || i != 2) {
            lint_element(l, key, command[i]);
        }
        compile_args += strcmp(command[i], "{compile_args}") == 0;
    }
    bool compiles = strstr(key, "compile") != NULL;
    if (compiles && script && compile_args == 0) {
        say(l, "%s: a script must say where {compile_args} are", key);
    }
    if (compile_args > (compiles ? 1 : 0)) {
        say(l, "%s: there is a {compile_args} too many", key);
    }
    return 0;
}

static bool names_any(char *const *words, const char *a, const char *b)
{
    for (; words != NULL && *words != NULL; words++) {
        if (strstr(*words, a) != NULL || (b != NULL && strstr(*words, b) != NULL)) {
            return true;
        }
    }
    return false;
}

static int finds_prepared(void *ctx, const char *key, char *const *command)
{
    (void)ctx, (void)key;
    return names_any(command, "{prepared}", "{base}");
}

static void lint_commands(struct lint *l)
{
    const struct recipe *r = l->recipe;
    const struct recipe_commands *c = &r->commands, *made = &r->when_prepared;
    recipe_each_command(r, lint_command, l);
    char *const *first = c->compile ? c->compile : c->run;
    if (r->language != NULL && !names_any(first, "{main}", "{sources}")) {
        say(l, "%s: it does not look at its source", c->compile ? "compile" : "run");
    }
    if (c->run_many && !c->compile_many && !c->compile) {
        say(l, "run_many: it runs several files that nobody compiled");
    }
    bool replaced = made->compile || made->run || made->compile_many || made->run_many ||
                    made->compile_warm || made->warm;
    bool used = replaced || recipe_each_command(r, finds_prepared, NULL) ||
                names_any(r->env, "{prepared}", "{base}") ||
                names_any(r->compile_env, "{prepared}", "{base}");
    if (used != (r->prepare != NULL)) {
        say(l, "prepare: %s",
            used ? "nobody makes what {prepared} is" : "what it makes is used by no command");
    }
}

/* --- started ahead -------------------------------------------------------------------------- */

static size_t count_of(char *const *command, const char *element)
{
    size_t count = 0;
    for (; command != NULL && *command != NULL; command++) {
        count += strcmp(*command, element) == 0;
    }
    return count;
}

/* The file is made in the work directory, by a name that a main file could have; or it is that of
 * a class that the command has by its name. */
static bool waits_well(const char *file, char *const *command)
{
    if (file == NULL) {
        return true;
    }
    if (str_starts(file, "{main}") || str_starts(file, "{stem}.")) {
        return strpbrk(strchr(file, '}') + 1, "{}/") == NULL;
    }
    AUTO(mem_freep) char *class = xstrdup(file);
    char *dot = strrchr(class, '.');
    if (dot == NULL || strcmp(dot, ".class") != 0) {
        return false;
    }
    *dot = '\0';
    return count_of(command, class) == 1;
}

static void lint_warm(struct lint *l)
{
    const struct recipe *r = l->recipe;
    const struct recipe_commands *c = &r->commands, *made = &r->when_prepared;
    const struct {
        const char *key, *file;
        char *const *command;
    } all[] = {
        {"warm", c->warm, c->run},
        {"compile_warm", c->compile_warm, c->compile},
        {"prepared.warm", made->warm, made->run ? made->run : c->run},
        {"prepared.compile_warm", made->compile_warm, made->compile ? made->compile : c->compile},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (!waits_well(all[i].file, all[i].command)) {
            say(l, "%s: '%s' is not named after the main file", all[i].key, all[i].file);
        }
    }
    if (!c->warm && !made->warm && (r->warm_alone || r->warm_unless != NULL)) {
        say(l, "warm: it is missing, yet it is said how");
    }
    if (!c->compile_warm && !made->compile_warm &&
        (r->compile_warm_alone || r->compile_warm_unless != NULL)) {
        say(l, "compile_warm: it is missing, yet it is said how");
    }
}

/* --- tests ---------------------------------------------------------------------------------- */

/* Whether `no` ("exit, error: why") says it. */
static bool is_excused(const struct recipe *r, const char *test)
{
    for (char *const *no = r->tests.no; no != NULL && *no != NULL; no++) {
        AUTO(mem_freep) char *names = xstrndup(*no, strcspn(*no, ":"));
        AUTO(strv_freep) char **all = strv_split(names, ", ");
        if (strv_has(all, test)) {
            return true;
        }
    }
    return false;
}

static const char *const test_names[] = {"hello", "unicode", "echo", "sum",   "exit",
                                         "error", "bad",     "loop", "memory"};

static void lint_excuses(struct lint *l)
{
    for (char *const *no = l->recipe->tests.no; no != NULL && *no != NULL; no++) {
        size_t len = strcspn(*no, ":");
        if ((*no)[len] == '\0' || (*no)[len + 1] == '\0') {
            say(l, "tests.no: '%.40s' says no reason; write 'NAME, NAME: reason'", *no);
        }
        AUTO(mem_freep) char *names = xstrndup(*no, len);
        AUTO(strv_freep) char **all = strv_split(names, ", ");
        for (char *const *name = all; name != NULL && *name != NULL; name++) {
            bool known = false;
            for (size_t i = 0; i < ARRAY_LEN(test_names); i++) {
                known = known || strcmp(*name, test_names[i]) == 0;
            }
            if (!known) {
                say(l, "tests.no: there is no test '%.40s'", *name);
            }
        }
    }
}

static void lint_tests(struct lint *l)
{
    const struct recipe_tests *t = &l->recipe->tests;
    const char *const texts[] = {t->hello, t->unicode, t->echo, t->sum,   t->exit,
                                 t->error, t->bad,     t->loop, t->memory};
    if (l->recipe->language == NULL) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        bool excused = is_excused(l->recipe, test_names[i]);
        if (texts[i] == NULL && !excused) {
            say(l, "tests.%s: it is missing, and 'no' does not say why", test_names[i]);
        } else if (texts[i] != NULL && excused) {
            say(l, "tests.no: '%s' is there", test_names[i]);
        }
    }
    if (t->hello != NULL && !str_ends(t->hello, "\n")) {
        say(l, "tests.hello: it ends in no newline");
    }
    lint_excuses(l);
}

/* --- what is installed ---------------------------------------------------------------------- */

static void lint_install(struct lint *l)
{
    const struct recipe_install *in = &l->recipe->install;
    for (char *const *p = in->npm; p != NULL && *p != NULL; p++) {
        const char *at = strrchr(*p, '@');
        if (at == NULL || at == *p || at[1] < '0' || at[1] > '9') {
            say(l, "install.npm: '%.60s' names no exact version; write NAME@VERSION", *p);
        }
    }
    for (char *const *id = in->on; id != NULL && *id != NULL; id++) {
        if (strcmp(*id, l->recipe->id) == 0) {
            say(l, "install.on: it stands on itself");
        }
    }
}

unsigned recipe_lint(const struct recipe *r, recipe_say_fn *fn, void *ctx)
{
    struct lint l = {.recipe = r, .say = fn, .ctx = ctx};
    lint_names(&l);
    lint_versions(&l);
    lint_commands(&l);
    lint_warm(&l);
    lint_tests(&l);
    lint_install(&l);
    return l.count;
}
