/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/advice.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "recipes/recipes.h"

#define NAME_MAX_CHARS 64
#define COMMAND        "belljar pkg install "

static const struct {
    const char *name, *package, *image, *why;
} elsewhere[] = {
#define ELSEWHERE(name, package, image, why) {name, package, image, why},
#include "recipes/elsewhere.def"
#undef ELSEWHERE
};

void advice_elsewhere(const char *name, struct buf *ret)
{
    size_t i = 0;
    while (i < ARRAY_LEN(elsewhere) && strcmp(elsewhere[i].name, name) != 0) {
        i++;
    }
    if (i == ARRAY_LEN(elsewhere)) {
        return;
    }
    buf_add_fmt(ret, "no recipe has '%s'", elsewhere[i].name);
    if (elsewhere[i].package) {
        buf_add_fmt(ret, "; Piston's package: belljar pkg install piston:%s", elsewhere[i].package);
    }
    if (!elsewhere[i].package && !elsewhere[i].image) {
        buf_add_fmt(ret, ": %s", elsewhere[i].why);
    }
    if (elsewhere[i].image) {
        buf_add_fmt(ret, "; an image: belljar image pull %s --as %s", elsewhere[i].image, name);
    }
}

void advice_install(const struct recipes *r, const char *language, const char *range,
                    struct buf *ret)
{
    bool any = !range || range[0] == '\0' || strcmp(range, "*") == 0;
    AUTO(mem_freep) const struct recipe **chosen = NULL;
    AUTO(mem_freep)
    char *word = any ? xstrdup(language) : xasprintf("%s=%s", language, range);
    size_t count = 0;
    struct err e;
    if (language[0] == '@' || strlen(language) > NAME_MAX_CHARS) {
        return;
    }
    if (recipes_choose(r, word, &chosen, &count, &e) == 0) {
        /* A range may have blanks and what a shell obeys. */
        bool plain = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789+-_.#=@/") == strlen(word) &&
                     word[0] != '#';
        buf_add_fmt(ret, plain ? COMMAND "%s" : COMMAND "'%s'", word);
        return;
    }
    advice_elsewhere(language, ret);
}

void advice_remedy(const struct recipes *r, const char *language, const char *range,
                   struct buf *ret)
{
    AUTO(buf_done) struct buf advice = {0};
    advice_install(r, language, range, &advice);
    if (advice.len > 0) {
        buf_add_fmt(ret, "%s%s", str_starts(advice.data, COMMAND) ? "to install it: " : "",
                    advice.data);
    }
}
