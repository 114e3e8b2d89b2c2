/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/advice.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "recipes/recipes.h"

/*
 * Names of Piston's list that have no source which is kept up, or none for an unattended
 * installation: its package, and, where its makers publish one, an image.
 */
static const struct {
    const char *name, *package, *image;
} elsewhere[] = {
    {"bqn", "bqn", NULL},
    {"brachylog", "brachylog", NULL},
    {"cjam", "cjam", NULL},
    {"dart", "dart", "docker.io/library/dart"},
    {"dotnet", "dotnet", "mcr.microsoft.com/dotnet/sdk:8.0"},
    {"basic.net", "dotnet", "mcr.microsoft.com/dotnet/sdk:8.0"},
    {"csharp.net", "dotnet", "mcr.microsoft.com/dotnet/sdk:8.0"},
    {"fsharp.net", "dotnet", "mcr.microsoft.com/dotnet/sdk:8.0"},
    {"fsharp", "dotnet", "mcr.microsoft.com/dotnet/sdk:8.0"},
    {"fsi", "dotnet", "mcr.microsoft.com/dotnet/sdk:8.0"},
    {"dragon", "dragon", NULL},
    {"emojicode", "emojicode", NULL},
    {"forte", "forte", NULL},
    {"freebasic", "freebasic", NULL},
    {"husk", "husk", NULL},
    {"japt", "japt", NULL},
    {"jelly", "jelly", NULL},
    {"matl", "MATL", NULL},
    {"MATL", "MATL", NULL},
    {"osabie", "osabie", NULL},
    {"paradoc", "paradoc", NULL},
    {"pony", "ponylang", "ghcr.io/ponylang/ponyc"},
    {"ponylang", "ponylang", "ghcr.io/ponylang/ponyc"},
    {"powershell", "pwsh", "mcr.microsoft.com/powershell"},
    {"pure", "pure", NULL},
    {"pwsh", "pwsh", "mcr.microsoft.com/powershell"},
    {"pyth", "pyth", NULL},
    {"retina", "retina", NULL},
    {"samarium", "samarium", NULL},
    {"swift", "swift", "docker.io/library/swift"},
    {"v", "vlang", "docker.io/thevlang/vlang"},
    {"vlang", "vlang", "docker.io/thevlang/vlang"},
    {"vyxal", "vyxal", NULL},
    {"yeethon", "yeethon", NULL},
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
    buf_add_fmt(ret, "no recipe has '%s'; Piston's package: belljar pkg install piston:%s",
                elsewhere[i].name, elsewhere[i].package);
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
    if (language[0] == '@') {
        return;
    }
    if (recipes_choose(r, word, &chosen, &count, &e) == 0) {
        /* A range may have blanks and what a shell obeys. */
        bool plain = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789+-_.#=@/") == strlen(word) &&
                     word[0] != '#';
        buf_add_fmt(ret, plain ? "belljar pkg install %s" : "belljar pkg install '%s'", word);
        return;
    }
    advice_elsewhere(language, ret);
}
