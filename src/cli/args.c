/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/suggest.h"

#define NAME_MAX_BYTES 96

void args_done(struct args *args)
{
    free(args->config);
    *args = (struct args){0};
}

static void config_take(struct args *args, size_t count)
{
    size_t size = args->config_count + count + 1;
    args->config = xreallocarray(args->config, size, sizeof(*args->config));
    for (size_t i = 0; i < count; i++) {
        args->config[args->config_count++] = *args->words++;
    }
    args->config[args->config_count] = NULL;
}

static const struct cli_flag *long_find(const struct cli_flag *flags, const char *word, size_t len)
{
    for (; flags && flags->name; flags++) {
        if (strlen(flags->name) == len && memcmp(flags->name, word, len) == 0) {
            return flags;
        }
    }
    return NULL;
}

static const struct cli_flag *letter_find(const struct cli_flag *flags, char letter)
{
    for (; flags && flags->name; flags++) {
        if (flags->letter == letter) {
            return flags;
        }
    }
    return NULL;
}

struct nearest {
    struct suggest suggest;
    char best[NAME_MAX_BYTES];
};

static void nearest_offer(void *ctx, const char *name)
{
    struct nearest *nearest = ctx;
    const char *before = nearest->suggest.best;
    suggest_offer(&nearest->suggest, name);
    if (nearest->suggest.best != before) {
        snprintf(nearest->best, sizeof(nearest->best), "%s", name);
        nearest->suggest.best = nearest->best;
    }
}

static int unknown(const struct args *args, const char *word, size_t len, struct err *e)
{
    char typed[NAME_MAX_BYTES];
    snprintf(typed, sizeof(typed), "%.*s", (int)len, word);
    struct nearest nearest = {.suggest = {.typed = typed}};
    for (const struct cli_flag *flag = args->flags; flag && flag->name; flag++) {
        nearest_offer(&nearest, flag->name);
    }
    config_each_flag(nearest_offer, &nearest);
    if (nearest.suggest.best) {
        return err_set(e, ERR_INVALID, "unknown flag '%s'; did you mean %s?", typed, nearest.best);
    }
    return err_set(e, ERR_INVALID, "unknown flag '%s'; --help lists the flags", typed);
}

/* `inside`: what stands behind the flag in its own word, or NULL. */
static int value_take(struct args *args, const struct cli_flag *flag, const char *inside,
                      const char **ret_value, struct err *e)
{
    const char *word = args->words[0];
    if (!flag->value) {
        if (inside) {
            return err_set(e, ERR_INVALID, "flag %s takes no value", flag->name);
        }
        args->words++;
        *ret_value = NULL;
        return 0;
    }
    const char *value = inside ? inside : args->words[1];
    if (!value) {
        return err_set(e, ERR_INVALID, "flag %s needs a value: %s %s", word, word, flag->value);
    }
    args->words += inside ? 1 : 2;
    *ret_value = value;
    return 0;
}

static int long_read(struct args *args, const struct cli_flag **ret_flag, const char **ret_value,
                     struct err *e)
{
    const char *word = args->words[0];
    size_t len = strcspn(word, "=");
    *ret_flag = long_find(args->flags, word, len);
    if (!*ret_flag) {
        return unknown(args, word, len, e);
    }
    return value_take(args, *ret_flag, word[len] ? word + len + 1 : NULL, ret_value, e);
}

static int letter_read(struct args *args, const struct cli_flag **ret_flag, const char **ret_value,
                       struct err *e)
{
    const char *word = args->words[0];
    *ret_flag = letter_find(args->flags, word[1]);
    if (!*ret_flag) {
        return unknown(args, word, strlen(word), e);
    }
    const char *inside = word[2] == '=' ? word + 3 : word[2] ? word + 2 : NULL;
    return value_take(args, *ret_flag, inside, ret_value, e);
}

int args_next(struct args *args, const struct cli_flag **ret_flag, const char **ret_value,
              struct err *e)
{
    config_take(args, 0);
    for (const char *word = args->words[0]; word && word[0] == '-' && word[1];
         word = args->words[0]) {
        if (strcmp(word, "--") == 0) {
            args->words++;
            return ARGS_END;
        }
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            return ARGS_HELP;
        }
        enum config_flag kind =
            long_find(args->flags, word, strcspn(word, "=")) ? CONFIG_FLAG_NONE : config_flag(word);
        if (kind != CONFIG_FLAG_NONE) {
            config_take(args, kind == CONFIG_FLAG_OPEN && args->words[1] ? 2 : 1);
            continue;
        }
        int r = word[1] == '-' ? long_read(args, ret_flag, ret_value, e)
                               : letter_read(args, ret_flag, ret_value, e);
        return r < 0 ? r : ARGS_FLAG;
    }
    return ARGS_END;
}

/* Up to the next word that is no flag. */
static int flags_read(struct args *args, args_flag_fn *flag_fn, void *ctx, struct err *e)
{
    const struct cli_flag *flag = NULL;
    const char *value = NULL;
    int r;
    while ((r = args_next(args, &flag, &value, e)) == ARGS_FLAG) {
        r = flag_fn(ctx, flag, value, e);
        if (r < 0) {
            return r;
        }
    }
    return r;
}

int args_gather(struct args *args, args_flag_fn *flag, void *ctx, size_t words_max,
                char ***ret_words, struct err *e)
{
    AUTO(mem_freep) char **words = xcalloc(words_max + 1, sizeof(char *));
    size_t count = 0;
    int r;
    while ((r = flags_read(args, flag, ctx, e)) == ARGS_END && *args->words != NULL) {
        if (count == words_max) {
            return err_set(e, ERR_INVALID, "'%.60s' is too much%s", *args->words,
                           words_max > 0 ? "" : "; it takes flags only");
        }
        words[count++] = *args->words++;
    }
    if (r == ARGS_END) {
        *ret_words = TAKE(&words, NULL);
    }
    return r;
}

int args_read(char **argv, const struct cli_flag *flags, args_flag_fn *flag, void *ctx,
              size_t words_max, char ***ret_words, struct config **ret_config, struct err *e)
{
    AUTO(args_done) struct args args = {.words = argv, .flags = flags};
    AUTO(mem_freep) char **words = NULL;
    AUTO(mem_freep) char **rest = NULL;
    int r = args_gather(&args, flag, ctx, words_max, &words, e);
    if (r != ARGS_END) {
        return r;
    }
    r = config_load(args.config, environ, ret_config, &rest, e);
    if (r == 0) {
        *ret_words = TAKE(&words, NULL);
    }
    return r;
}
