/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/load.h"
#include "config/suggest.h"

#define FILE_FLAG "--config"

static bool is_flag(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

static size_t name_length(const char *word)
{
    return strcspn(word, "=");
}

static bool same(const char *name, const char *word, size_t len)
{
    return strlen(name) == len && memcmp(name, word, len) == 0;
}

static bool has_flag(const struct option *o, const char *word, size_t len)
{
    char own[OPTION_NAME_MAX];
    option_own_flag(o, own);
    if (same(own, word, len)) {
        return true;
    }
    struct option_name name;
    for (const char *at = o->names; option_name_next(&at, &name);) {
        if (name.is_flag && same(name.text, word, len)) {
            return true;
        }
    }
    return false;
}

static const struct option *flag_find(const char *word, size_t len)
{
    for (size_t i = 0; i < option_count; i++) {
        if (has_flag(&options[i], word, len)) {
            return &options[i];
        }
    }
    return NULL;
}

void config_each_flag(void (*fn)(void *ctx, const char *flag), void *ctx)
{
    fn(ctx, FILE_FLAG);
    for (size_t i = 0; i < option_count; i++) {
        char own[OPTION_NAME_MAX];
        struct option_name name;
        for (const char *at = options[i].names; option_name_next(&at, &name);) {
            if (name.is_flag) {
                fn(ctx, name.text);
            }
        }
        option_own_flag(&options[i], own);
        fn(ctx, own);
    }
}

enum config_flag config_flag(const char *word)
{
    size_t len = name_length(word);
    bool is_file = same(FILE_FLAG, word, len);
    const struct option *o = flag_find(word, len);
    if (!o && !is_file) {
        return CONFIG_FLAG_NONE;
    }
    bool alone = o && o->type == OPTION_BOOL;
    return word[len] == '=' || alone ? CONFIG_FLAG_WHOLE : CONFIG_FLAG_OPEN;
}

/* The names that config_each_flag shows live only during its call. */
struct nearest {
    struct suggest suggest;
    char best[OPTION_NAME_MAX];
};

static void nearest_offer(void *ctx, const char *flag)
{
    struct nearest *nearest = ctx;
    const char *before = nearest->suggest.best;
    suggest_offer(&nearest->suggest, flag);
    if (nearest->suggest.best != before) {
        snprintf(nearest->best, sizeof(nearest->best), "%s", flag);
        nearest->suggest.best = nearest->best;
    }
}

static int unknown_flag(const char *word, size_t len, struct err *e)
{
    AUTO(mem_freep) char *typed = xstrndup(word, len);
    struct nearest nearest = {.suggest = {.typed = typed}};
    config_each_flag(nearest_offer, &nearest);
    if (nearest.suggest.best) {
        return err_set(e, ERR_INVALID, "unknown flag '%.80s'; did you mean %s?", typed,
                       nearest.best);
    }
    return err_set(e, ERR_INVALID, "unknown flag '%.80s'; --help lists the flags", typed);
}

/* One flag at words[0]; returns how many words it takes, or an error. */
static int flag_parse(char *const *words, struct flag *ret, struct err *e)
{
    const char *word = words[0];
    size_t len = name_length(word);
    enum config_flag kind = config_flag(word);
    struct flag flag = {.option = flag_find(word, len), .name = word, .name_len = len};

    if (kind == CONFIG_FLAG_NONE) {
        return unknown_flag(word, len, e);
    }
    if (kind == CONFIG_FLAG_WHOLE) {
        flag.value = word[len] == '=' ? word + len + 1 : "true";
        *ret = flag;
        return 1;
    }
    if (!words[1]) {
        AUTO(buf_done) struct buf range = {0};
        if (flag.option) {
            option_range(flag.option, &range);
        }
        return err_set(e, ERR_INVALID, "flag %s needs a value: %s", word,
                       flag.option ? range.data : "the path of a file");
    }
    flag.value = words[1];
    *ret = flag;
    return 2;
}

int load_flags_parse(char *const *words, struct flag_list *ret, struct err *e)
{
    AUTO(load_flags_done) struct flag_list list = {0};
    while (words[list.used] && is_flag(words[list.used])) {
        if (strcmp(words[list.used], "--") == 0) {
            list.used++;
            break;
        }
        struct flag flag = {0};
        int used = flag_parse(words + list.used, &flag, e);
        if (used < 0) {
            return used;
        }
        list.flags = xreallocarray(list.flags, list.count + 1, sizeof(*list.flags));
        list.flags[list.count++] = flag;
        list.used += (size_t)used;
    }
    *ret = TAKE(&list, (struct flag_list){0});
    return 0;
}

int load_flags(struct config *c, const struct flag_list *list, struct err *e)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct flag *flag = &list->flags[i];
        char place[OPTION_NAME_MAX + 8];
        snprintf(place, sizeof(place), "flag %.*s", (int)flag->name_len, flag->name);
        if (flag->option) {
            int r = load_value(c, flag->option, flag->value, CONFIG_FLAG, place, e);
            if (r < 0) {
                return r;
            }
        }
    }
    return 0;
}

const char *load_flags_file(const struct flag_list *list)
{
    const char *path = NULL;
    for (size_t i = 0; i < list->count; i++) {
        path = list->flags[i].option ? path : list->flags[i].value;
    }
    return path;
}

void load_flags_done(struct flag_list *list)
{
    free(list->flags);
    *list = (struct flag_list){0};
}
