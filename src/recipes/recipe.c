/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/recipe.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "recipes/recipe_id.h"

#define NAME_MAX_CHARS 64

static size_t name_length(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+-_.#");
    return text[0] == '.' || len > NAME_MAX_CHARS ? 0 : len;
}

bool recipe_name_valid(const char *text)
{
    size_t len = name_length(text);
    return len > 0 && text[len] == '\0';
}

bool recipe_id_valid(const char *text)
{
    size_t len = name_length(text);
    return len > 0 && text[len] == '/' && recipe_name_valid(text + len + 1);
}

bool recipe_alias_valid(const char *text)
{
    bool plain = *text != '\0' && strlen(text) <= NAME_MAX_CHARS;
    for (const char *c = text; *c != '\0'; c++) {
        plain = plain && *c > ' ' && *c < 0x7f && strchr("/@=,\"'\\", *c) == NULL;
    }
    return plain;
}

/* Counting is no change that anybody sees. */
struct recipe *recipe_ref(const struct recipe *r)
{
    struct recipe *same = (struct recipe *)(uintptr_t)r;
    same->refs++;
    return same;
}

/* All its texts lie behind it, in the same piece of memory, or in that of `like`. */
void recipe_unref(struct recipe *r)
{
    while (r != NULL && --r->refs == 0) {
        struct recipe *like = r->like;
        free(r);
        r = like;
    }
}

void recipe_unrefp(struct recipe **r)
{
    recipe_unref(*r);
    *r = NULL;
}

bool recipe_is_installable(const struct recipe *r)
{
    const struct recipe_install *in = &r->install;
    return in->on != NULL || in->suite != NULL || in->debian != NULL || in->npm != NULL ||
           in->own != NULL || in->after != NULL || r->files != NULL;
}

bool recipe_is_part(const struct recipe *r)
{
    return r->language == NULL;
}

bool recipe_is_judge0(const struct recipe *r, bool extra, unsigned id)
{
    const unsigned *ids = extra ? r->judge0_extra : r->judge0;
    while (ids != NULL && *ids != 0 && *ids != id) {
        ids++;
    }
    return ids != NULL && *ids == id;
}

bool recipe_fits_machine(const struct recipe *r, const char *machine)
{
    return r->machines == NULL || strv_has(r->machines, machine);
}

char *recipe_home(const struct recipe *r)
{
    char *home = xasprintf("/opt/runtimes/%s", r->id);
    *strrchr(home, '/') = '-';
    return home;
}

bool recipe_fits_file(const struct recipe *r, const char *name)
{
    for (char *const *x = r->extensions; x != NULL && *x != NULL; x++) {
        if (strlen(name) > strlen(*x) && str_ends(name, *x)) {
            return true;
        }
    }
    return false;
}
