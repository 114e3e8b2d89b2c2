/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/hello.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/below.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "boxproto/boxarchive.h"
#include "model/semver.h"
#include "model/version_text.h"
#include "packages/manifest.h"
#include "packages/store.h"
#include "packages/workshop.h"
#include "recipes/recipe.h"

#define ANSWER_MAX   ((size_t)64 << 10)
#define QUOTE_MAX    140
#define VERSION_MAX  128
#define WALL_NS      (120 * NS_PER_S)
#define MAIN_DEFAULT "main"
#define HELLO        "Hello, World!\n"

static const char *const directories[] = {"usr/local/bin", "usr/bin", "usr/games", "usr/sbin"};

/* --- the tool --------------------------------------------------------------------------------- */

/* Not followed: where a link leads, a box will see. */
static bool is_in_layers(int packages_fd, const struct manifest *m, const char *path)
{
    for (size_t i = 0; i < m->layer_count; i++) {
        AUTO(fd_closep) int layer = store_layer_open(packages_fd, m->layers[i]);
        AUTO(fd_closep) int fd = below_open(layer, path, O_PATH | O_NOFOLLOW, 0);
        struct stat st;
        /* A link is there, though it is not one to open by. */
        if (layer >= 0 &&
            (fd >= 0 || (errno == ELOOP && fstatat(layer, path, &st, AT_SYMLINK_NOFOLLOW) == 0))) {
            return true;
        }
    }
    return false;
}

char *hello_in_home(const struct recipe *recipe, const char *text)
{
    static const char word[] = "{home}";
    AUTO(buf_done) struct buf out = {0};
    AUTO(mem_freep) char *home = recipe_home(recipe);
    for (const char *p = text, *next; *p != '\0'; p = next) {
        const char *found = strstr(p, word);
        next = found ? found + strlen(word) : p + strlen(p);
        buf_add(&out, p, (size_t)((found ? found : next) - p));
        buf_add_str(&out, found ? home : "");
    }
    buf_add(&out, "", 0);
    return buf_take(&out);
}

/* NULL: it is not there. */
static char *path_of_program(int packages_fd, const struct manifest *m, const char *name)
{
    if (name[0] == '/') {
        return is_in_layers(packages_fd, m, name + 1) ? xstrdup(name) : NULL;
    }
    for (size_t i = 0; i < ARRAY_LEN(directories); i++) {
        AUTO(mem_freep) char *path = xasprintf("%s/%s", directories[i], name);
        if (is_in_layers(packages_fd, m, path)) {
            return xasprintf("/%s", path);
        }
    }
    return NULL;
}

int hello_find_tool(int packages_fd, struct manifest *m, struct err *e)
{
    char *const *tools = m->recipe->tools;
    for (char *const *t = tools; t && *t; t++) {
        AUTO(mem_freep) char *name = hello_in_home(m->recipe, *t);
        m->tool = path_of_program(packages_fd, m, name);
        if (m->tool) {
            return 0;
        }
    }
    if (tools) {
        return err_set(e, ERR_INVALID,
                       "'%s' is not in what was installed: correct the recipe's "
                       "tools or install keys",
                       tools[0]);
    }
    return 0;
}

/* --- its version ------------------------------------------------------------------------------ */

static int version_take(struct manifest *m, const char *text, const char *after, struct err *e)
{
    struct semver version;
    if (!version_text_find(text, after, &version)) {
        AUTO(buf_done) struct buf quote = {0};
        text += strspn(text, "\n");
        size_t len = strcspn(text, "\n");
        utf8_repair(text, len < QUOTE_MAX ? len : QUOTE_MAX, &quote);
        return err_set(e, ERR_INVALID,
                       "'%s' said '%s', which is no version: correct the recipe's ask keys",
                       m->tool, quote.len ? quote.data : "");
    }
    char exact[VERSION_MAX];
    semver_format(&version, exact, sizeof(exact));
    free(m->version);
    m->version = xstrdup(exact);
    return 0;
}

/* npm's are versions as they stand; of Debian's, epochs and revisions are its own. */
static int version_of_package(struct manifest *m, struct err *e)
{
    for (size_t i = 0; i < m->part_count; i++) {
        if (strcmp(m->parts[i].name, m->recipe->ask_package) == 0) {
            const char *text = m->parts[i].version, *colon = strchr(text, ':');
            struct semver exact;
            if (strcmp(m->parts[i].kind, "npm") == 0 && semver_parse(text, &exact)) {
                free(m->version);
                m->version = xstrdup(text);
                return 0;
            }
            return version_take(m, colon ? colon + 1 : text, NULL, e);
        }
    }
    return err_set(e, ERR_INVALID, "ask.package: '%s' was not installed", m->recipe->ask_package);
}

static void program_env(const struct manifest *m, char ***ret)
{
    for (char *const *v = m->recipe->env; v && *v; v++) {
        strv_add_take(ret, hello_in_home(m->recipe, *v));
    }
}

int hello_ask(struct workshop *w, struct manifest *m, struct err *e)
{
    const struct recipe *recipe = m->recipe;
    if (recipe->ask_package) {
        return version_of_package(m, e);
    }
    if (!recipe->ask || !m->tool) {
        m->version = xstrdup(recipe->version);
        return 0;
    }
    AUTO(strv_freep) char **argv = NULL;
    AUTO(strv_freep) char **env = NULL;
    AUTO(buf_done) struct buf answer = {0}, said = {0};
    strv_add(&argv, m->tool);
    for (char *const *word = recipe->ask; *word; word++) {
        strv_add_take(&argv, hello_in_home(recipe, *word));
    }
    program_env(m, &env);
    const struct workshop_command command = {.argv = argv, .env = env, .wall_ns = WALL_NS};
    int status = 0;
    const char *input = recipe->ask_input;
    int r = workshop_run(w, m->layers, m->layer_count, &command, NULL, input,
                         input ? strlen(input) : 0, ANSWER_MAX, &answer, &said, &status, e);
    if (r == 0) {
        buf_add(&answer, said.data, said.len);
        buf_add(&answer, "", 0);
        r = version_take(m, answer.data, recipe->ask_after, e);
    }
    return r < 0 ? err_wrap(e, "its version") : 0;
}

/* --- hello ------------------------------------------------------------------------------------ */

static void word_quote(struct buf *out, const char *word)
{
    buf_add_str(out, " '");
    for (; *word != '\0'; word++) {
        if (*word == '\'') {
            buf_add_str(out, "'\\''");
        } else {
            buf_add_char(out, *word);
        }
    }
    buf_add_char(out, '\'');
}

struct words {
    const struct manifest *m;
    const char *main_file;
    char *stem;
    char *prepared, *base; /* NULL: nothing is prepared */
};

static void words_done(struct words *w)
{
    free(w->stem);
    free(w->prepared);
    free(w->base);
}

/* It needs what is not there. */
static bool is_left_out(const struct words *words, const char *word)
{
    return !words->prepared && (strstr(word, "{prepared}") || strstr(word, "{base}"));
}

/* {main} and {stem} also inside an element. */
static char *word_fill(const struct words *words, const char *word)
{
    const struct {
        const char *name, *value;
    } places[] = {{"{main}", words->main_file},
                  {"{stem}", words->stem},
                  {"{prepared}", words->prepared},
                  {"{base}", words->base}};
    AUTO(buf_done) struct buf out = {0};
    AUTO(mem_freep) char *text = hello_in_home(words->m->recipe, word);
    for (const char *p = text; *p != '\0';) {
        size_t used = 0;
        for (size_t i = 0; i < ARRAY_LEN(places) && used == 0; i++) {
            if (str_starts(p, places[i].name)) {
                buf_add_str(&out, places[i].value);
                used = strlen(places[i].name);
            }
        }
        if (used == 0) {
            buf_add_char(&out, *p);
            used = 1;
        }
        p += used;
    }
    buf_add(&out, "", 0);
    return buf_take(&out);
}

static void command_quote(const struct words *words, char *const *argv, struct buf *out)
{
    for (char *const *word = argv; *word != NULL; word++) {
        if (strcmp(*word, "{args}") == 0 || strcmp(*word, "{compile_args}") == 0 ||
            is_left_out(words, *word)) {
            continue;
        }
        if (strcmp(*word, "{tool}") == 0) {
            word_quote(out, words->m->tool ? words->m->tool : "");
        } else if (strcmp(*word, "{sources}") == 0) {
            word_quote(out, words->main_file);
        } else {
            AUTO(mem_freep) char *filled = word_fill(words, *word);
            word_quote(out, filled);
        }
    }
}

static void words_init(const struct manifest *m, bool prepared, const char *main_file,
                       struct words *ret)
{
    *ret = (struct words){m, main_file, xstrdup(main_file), NULL, NULL};
    char *dot = strrchr(ret->stem, '.');
    if (dot && dot != ret->stem) {
        *dot = '\0';
    }
    if (prepared) {
        ret->prepared = hello_in_home(m->recipe, "{home}/prepared");
        ret->base = hello_in_home(m->recipe, "{home}/prepared-base");
    }
}

static void compile_quote(const struct words *words, char *const *compile, struct buf *out)
{
    buf_add_str(out, "env");
    for (char *const *v = words->m->recipe->compile_env; v && *v; v++) {
        if (!is_left_out(words, *v)) {
            AUTO(mem_freep) char *value = word_fill(words, *v);
            word_quote(out, value);
        }
    }
    command_quote(words, compile, out);
    buf_add_str(out, " >&2 || exit\n");
}

char *hello_script(const struct manifest *m, bool prepared, const char *main_file)
{
    const struct recipe_commands *plain = &m->recipe->commands, *made = &m->recipe->when_prepared;
    char *const *compile = prepared && made->compile ? made->compile : plain->compile;
    char *const *run = prepared && made->run ? made->run : plain->run;
    AUTO(buf_done) struct buf out = {0};
    AUTO(words_done) struct words words;
    words_init(m, prepared, main_file, &words);
    if (!run) {
        return NULL;
    }
    if (compile) {
        compile_quote(&words, compile, &out);
    }
    buf_add_str(&out, "exec");
    command_quote(&words, run, &out);
    buf_add_str(&out, "\n");
    return buf_take(&out);
}

static int judge(const struct manifest *m, const struct buf *printed, const struct buf *said,
                 int status, struct err *e)
{
    const char *says = m->recipe->tests.says ? m->recipe->tests.says : HELLO;
    size_t len = strlen(says);
    if (printed->len == len && memcmp(printed->data, says, len) == 0) {
        return 0;
    }
    AUTO(buf_done) struct buf quote = {0};
    const struct buf *text = said->len > 0 ? said : printed;
    size_t skip = text->len > QUOTE_MAX ? text->len - QUOTE_MAX : 0;
    utf8_repair(text->data ? text->data + skip : "", text->len - skip, &quote);
    return err_set(e, ERR_INVALID, "its hello program does not print what it has to (%s %d): %s",
                   WIFSIGNALED(status) ? "signal" : "status",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                   quote.len ? quote.data : "it prints nothing");
}

int hello_run(struct workshop *w, const struct manifest *m, bool prepared, struct err *e)
{
    const char *hello = m->recipe->tests.hello;
    const char *main_file = m->recipe->file ? m->recipe->file : MAIN_DEFAULT;
    AUTO(mem_freep) char *script = hello ? hello_script(m, prepared, main_file) : NULL;
    if (!script) {
        return 0;
    }
    char shell[] = "/bin/sh", dash_c[] = "-c";
    char *const argv[] = {shell, dash_c, script, NULL};
    AUTO(strv_freep) char **env = NULL;
    AUTO(buf_done) struct buf files = {0}, printed = {0}, said = {0};
    program_env(m, &env);
    const struct workshop_command command = {.argv = argv, .env = env, .wall_ns = WALL_NS};
    int status = 0;
    int r = boxarchive_add(&files, BOXARCHIVE_FILE, 0644, main_file, hello, strlen(hello), e);
    r = r < 0 ? r
              : workshop_run(w, m->layers, m->layer_count, &command, &files, NULL, 0, ANSWER_MAX,
                             &printed, &said, &status, e);
    return r < 0 ? r : judge(m, &printed, &said, status, e);
}
