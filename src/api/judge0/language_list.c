/* SPDX-License-Identifier: Apache-2.0 */
/* The languages, as lists and one by one. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/json.h"
#include "api/judge0/info.h"
#include "api/judge0/job.h"
#include "api/judge0/judge0.h"
#include "api/judge0/languages.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "http/http.h"
#include "model/runtime.h"

#define NAME_MAX_BYTES 160

/* A request that waits for the versions. */
struct listing {
    struct http_request *request;
    struct judge0_languages_wait *wait;
    void (*answer)(const struct listing *l, const struct judge0_language_set *set);
    enum judge0_flavour flavour;
    int id; /* of one */
};

static void listing_on_gone(void *ctx)
{
    struct listing *l = ctx;
    judge0_languages_cancel(l->wait);
    free(l);
}

static void listing_on_known(void *ctx, const struct judge0_language_set *set)
{
    struct listing *l = ctx;
    l->answer(l, set);
    free(l);
}

static void listing_begin(struct http_request *r, const struct judge0 *j, int id,
                          void (*answer)(const struct listing *l,
                                         const struct judge0_language_set *set))
{
    struct listing *l = xcalloc(1, sizeof(*l));
    *l = (struct listing){r, NULL, answer, (enum judge0_flavour)j->api->config->judge0_flavour, id};
    http_on_gone(r, listing_on_gone, l);
    struct judge0_languages_wait *wait =
        judge0_languages_look(j->api->runtimes, l->flavour, listing_on_known, l);
    if (wait != NULL) { /* else it is answered, and `l` gone */
        l->wait = wait;
    }
}

/* --- lists ----------------------------------------------------------------------------------- */

struct entry {
    const struct judge0_language *language;
    char name[NAME_MAX_BYTES];
};

static int entry_compare(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = strcasecmp(a->name, b->name);
    return order != 0 ? order : a->language->id - b->language->id;
}

static bool entry_is_shown(const struct judge0_language_set *set,
                           const struct judge0_language *language, bool all)
{
    return all || judge0_language_state(set, language->id) == LANGUAGE_READY;
}

static size_t entries_fill(const struct judge0_language_set *set, bool all,
                           const struct judge0_language *table, size_t rows, struct entry *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < rows; i++) {
        if (entry_is_shown(set, &table[i], all)) {
            struct entry *entry = &ret[count++];
            entry->language = &table[i];
            judge0_language_name(set, table[i].id, entry->name, sizeof(entry->name));
        }
    }
    qsort(ret, count, sizeof(*ret), entry_compare);
    return count;
}

static void list_respond(const struct listing *l, const struct judge0_language_set *set, bool all)
{
    size_t rows;
    const struct judge0_language *table = judge0_languages_all(set, &rows);
    AUTO(mem_freep) struct entry *entries = xcalloc(rows, sizeof(*entries));
    size_t count = entries_fill(set, all, table, rows, entries);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *o = json_pack("{s:i,s:s}", "id", entries[i].language->id, "name", entries[i].name);
        if (all) {
            json_object_set_new(o, "is_archived", json_boolean(entries[i].language->archived));
        }
        json_array_append_new(list, o);
    }
    judge0_respond(l->request, 200, list);
}

static void answer_ready(const struct listing *l, const struct judge0_language_set *set)
{
    list_respond(l, set, false);
}

static void answer_all(const struct listing *l, const struct judge0_language_set *set)
{
    list_respond(l, set, true);
}

void languages_show(struct http_request *r, void *ctx)
{
    if (info_admits(r, ctx)) {
        listing_begin(r, ctx, 0, answer_ready);
    }
}

void languages_all_show(struct http_request *r, void *ctx)
{
    if (info_admits(r, ctx)) {
        listing_begin(r, ctx, 0, answer_all);
    }
}

/* --- one ------------------------------------------------------------------------------------- */

/* Text in which {main}, {sources} and {stem} are those of `source_file`. */
static void word_expand(const char *word, const char *source_file, struct buf *ret)
{
    const char *dot = strrchr(source_file, '.');
    size_t stem = dot != NULL ? (size_t)(dot - source_file) : strlen(source_file);
    while (*word != '\0') {
        if (str_starts(word, "{main}") || str_starts(word, "{sources}")) {
            buf_add_str(ret, source_file);
            word = strchr(word, '}') + 1;
        } else if (str_starts(word, "{stem}")) {
            buf_add(ret, source_file, stem);
            word = strchr(word, '}') + 1;
        } else {
            buf_add_char(ret, *word++);
        }
    }
}

#define UNQUOTED "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%^"

static void quote(const char *word, struct buf *ret)
{
    if (*word != '\0' && word[strspn(word, UNQUOTED)] == '\0') {
        buf_add_str(ret, word);
        return;
    }
    buf_add_char(ret, '\'');
    for (; *word != '\0'; word++) {
        if (*word == '\'') {
            buf_add_str(ret, "'\\'");
        }
        buf_add_char(ret, *word);
    }
    buf_add_char(ret, '\'');
}

static void word_text(const char *word, const char *source_file, struct buf *ret)
{
    AUTO(buf_done) struct buf plain = {0};
    word_expand(word, source_file, &plain);
    buf_add_str(ret, ret->len > 0 ? " " : "");
    quote(plain.data != NULL ? plain.data : "", ret);
}

/* Where compiler options go: where the recipe says it, else behind the compiler's name, which in
 * "sh -c script name tool" is the tool. */
static size_t options_at(char *const *argv)
{
    for (size_t i = 0; argv[i] != NULL; i++) {
        if (strcmp(argv[i], "{compile_args}") == 0) {
            return i;
        }
    }
    bool is_script = strv_len(argv) > 4 && strcmp(argv[1], "-c") == 0;
    return is_script ? 4 : 0;
}

char *command_text(char *const *argv, const char *source_file, const char *options)
{
    if (argv == NULL) {
        return NULL;
    }
    struct buf text = {0};
    size_t place = options_at(argv);
    for (size_t i = 0; argv[i] != NULL; i++) {
        bool is_given = strcmp(argv[i], "{args}") == 0 || strcmp(argv[i], "{compile_args}") == 0;
        if (!is_given) {
            word_text(argv[i], source_file, &text);
        }
        if (options != NULL && i == place) {
            buf_add_fmt(&text, " %s", options);
        }
    }
    return buf_take(&text);
}

static json_t *command_json(const struct runtime_command *command, const char *source_file,
                            const char *options)
{
    AUTO(mem_freep) char *text = command_text(command->argv, source_file, options);
    return json_string_or_null(text);
}

static json_t *compile_json(const struct runtime *runtime, const char *source_file)
{
    const char *first = submission_compile_option(runtime);
    AUTO(mem_freep) char *options = xasprintf("%s%s%%s", first ? first : "", first ? " " : "");
    return command_json(&runtime->compile, source_file, options);
}

static void answer_one(const struct listing *l, const struct judge0_language_set *set)
{
    const struct judge0_language *language = judge0_language(l->flavour, l->id);
    const struct runtime *runtime = judge0_language_runtime(set, l->id);
    bool has_commands = runtime != NULL && language->source_file != NULL;
    char name[NAME_MAX_BYTES];
    judge0_language_name(set, l->id, name, sizeof(name));
    json_t *o = json_pack("{s:i,s:s,s:b,s:o}", "id", l->id, "name", name, "is_archived",
                          (int)language->archived, "source_file",
                          json_string_or_null(language->source_file));
    json_object_set_new(o, "compile_cmd",
                        has_commands ? compile_json(runtime, language->source_file) : json_null());
    json_object_set_new(o, "run_cmd",
                        has_commands ? command_json(&runtime->run, language->source_file, NULL)
                                     : json_null());
    judge0_respond(l->request, 200, o);
}

/* Digits only; 0 is no language's. */
static int id_parse(const char *text)
{
    size_t len = strlen(text);
    bool is_number = len > 0 && len < 10 && strspn(text, "0123456789") == len;
    return is_number ? (int)strtol(text, NULL, 10) : 0;
}

void language_show(struct http_request *r, void *ctx)
{
    struct judge0 *j = ctx;
    if (!info_admits(r, j)) {
        return;
    }
    const char *text = http_param(r, "id");
    int id = text != NULL ? id_parse(text) : 0;
    if (judge0_language((enum judge0_flavour)j->api->config->judge0_flavour, id) == NULL) {
        judge0_respond_status(r, 404);
        return;
    }
    listing_begin(r, j, id, answer_one);
}
