/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prove_program.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"

#define EXPECT_DEFAULT "{\"verdict\": \"ok\", \"has\": \"held\", \"lacks\": \"LEAK\"}"

#define KEY_LETTERS "abcdefghijklmnopqrstuvwxyz_"

/* What is for tests alone (off, control), or for readers. */
static const char *const unused_keys[] = {"must", "shows", "off", "control"};

struct head {
    char *threat, *defence, *tries, *needs, *hides, *request, *expect;
    char *stdin_size, *together, *again;
};

static void head_done(struct head *h)
{
    char **all[] = {&h->threat,  &h->defence, &h->tries,      &h->needs,    &h->hides,
                    &h->request, &h->expect,  &h->stdin_size, &h->together, &h->again};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        free(*all[i]);
        *all[i] = NULL;
    }
}

static char **head_place(struct head *h, const char *key, size_t len)
{
    const struct {
        const char *key;
        char **place;
    } places[] = {
        {"threat", &h->threat},         {"defence", &h->defence},   {"tries", &h->tries},
        {"needs", &h->needs},           {"hides", &h->hides},       {"request", &h->request},
        {"expect", &h->expect},         {"together", &h->together}, {"again", &h->again},
        {"stdin_size", &h->stdin_size},
    };
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (strlen(places[i].key) == len && memcmp(places[i].key, key, len) == 0) {
            return places[i].place;
        }
    }
    return NULL;
}

static bool is_unused(const char *key, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(unused_keys); i++) {
        if (strlen(unused_keys[i]) == len && memcmp(unused_keys[i], key, len) == 0) {
            return true;
        }
    }
    return false;
}

/* A line of the comment: "key: value", or further words of no key. */
static int line_read(struct head *h, const char *line, size_t len, const char *name, struct err *e)
{
    size_t indent = strspn(line, "/*# ");
    const char *key = line + indent;
    size_t key_len = indent < len ? strspn(key, KEY_LETTERS) : 0;
    if (key_len == 0 || strncmp(key + key_len, ": ", 2) != 0) {
        return 0;
    }
    char **place = head_place(h, key, key_len);
    if (!place || *place) {
        return is_unused(key, key_len)
                   ? 0
                   : err_set(e, ERR_BUG, "program %s: its head says '%.*s' %s", name, (int)key_len,
                             key, place ? "twice" : "which is no key");
    }
    const char *value = key + key_len + 2;
    *place = xstrndup(value, (size_t)(line + len - value));
    return 0;
}

static int head_read(const struct prove_source *source, struct head *h, struct err *e)
{
    const char *line = source->text;
    int r = 0;
    while (r == 0 && *line != '\0' && strchr("/*# ", *line) != NULL) {
        size_t len = strcspn(line, "\n");
        if (strncmp(line, " */", 3) == 0) {
            break;
        }
        r = line_read(h, line, len, source->name, e);
        line += len + (line[len] == '\n');
    }
    return r;
}

static int object_of(const char *text, const char *key, const char *name, json_t **ret,
                     struct err *e)
{
    json_error_t why;
    json_t *json = json_loads(text, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(json)) {
        json_decref(json);
        return err_set(e, ERR_BUG, "program %s: its %s is no JSON object: %.100s", name, key,
                       why.text);
    }
    *ret = json;
    return 0;
}

/* Where it comes with files it is the first of them. */
static void request_fill(json_t *request, const struct prove_source *source, const char *stdin_size)
{
    json_t *files = json_object_get(request, "files");
    json_object_set_new(request, "language", json_string(source->language));
    if (!json_object_get(request, "priority")) {
        /* Spare boxes are there for programs that somebody waits for. */
        json_object_set_new(request, "priority", json_string("interactive"));
    }
    if (json_is_array(files)) {
        json_array_insert_new(
            files, 0, json_pack("{s:s, s:s}", "path", source->file, "content", source->text));
    } else {
        json_object_set_new(request, "source", json_string(source->text));
    }
    if (stdin_size) {
        size_t size = strtoul(stdin_size, NULL, 10);
        AUTO(mem_freep) char *input = xmalloc(size + 1);
        memset(input, 'x', size);
        json_object_set_new(request, "stdin", json_stringn(input, size));
    }
}

static char *text_take(char **text)
{
    char *taken = TAKE(text, NULL);
    return taken ? taken : xstrdup("");
}

static unsigned count_of(const char *text)
{
    unsigned long count = text ? strtoul(text, NULL, 10) : 1;
    return count > 0 && count < 100 ? (unsigned)count : 1;
}

int prove_program_read(const struct prove_source *source, struct prove_program *ret, struct err *e)
{
    AUTO(head_done) struct head h = {0};
    AUTO(prove_program_done) struct prove_program p = {.source = source};
    int r = head_read(source, &h, e);
    if (r == 0 && (!h.threat || !h.defence)) {
        r = err_set(e, ERR_BUG, "program %s: its head names no threat or no defence", source->name);
    }
    if (r == 0) {
        r = object_of(h.request ? h.request : "{}", "request", source->name, &p.request, e);
    }
    if (r == 0) {
        r = object_of(h.expect ? h.expect : EXPECT_DEFAULT, "expect", source->name, &p.expect, e);
    }
    if (r < 0) {
        return r;
    }
    request_fill(p.request, source, h.stdin_size);
    p.threat = text_take(&h.threat);
    p.defence = text_take(&h.defence);
    p.tries = text_take(&h.tries);
    p.needs = text_take(&h.needs);
    p.hides = text_take(&h.hides);
    p.together = count_of(h.together);
    p.again = count_of(h.again);
    *ret = TAKE(&p, (struct prove_program){0});
    return 0;
}

void prove_program_done(struct prove_program *p)
{
    free(p->threat);
    free(p->defence);
    free(p->tries);
    free(p->needs);
    free(p->hides);
    json_decref(p->request);
    json_decref(p->expect);
    *p = (struct prove_program){0};
}

int prove_program_compare(const void *a, const void *b)
{
    const struct prove_program *one = a, *other = b;
    int order = strverscmp(one->threat, other->threat);
    return order ? order : strcmp(one->source->name, other->source->name);
}

bool prove_word_in(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = strstr(list, word); at; at = strstr(at + 1, word)) {
        bool begins = at == list || strchr(", ", at[-1]) != NULL;
        bool ends = at[len] == '\0' || strchr(", ", at[len]) != NULL;
        if (begins && ends) {
            return true;
        }
    }
    return false;
}
