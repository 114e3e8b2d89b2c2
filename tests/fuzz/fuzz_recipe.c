/* SPDX-License-Identifier: Apache-2.0 */
/* Recipes: what is read is written as a text that is read as the same. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "fuzz.h"
#include "recipes/recipe.h"

static void say_nothing(void *ctx, const char *finding)
{
    (void)ctx, (void)finding;
}

static const struct recipe *like_of(void *ctx, const char *id)
{
    (void)id;
    return ctx;
}

static struct recipe *model(void)
{
    static const char text[] = "language = 'x'\nrun = ['{tool}', '{main}']\nfile = 'a.x'\n"
                               "extensions = ['.x']\ntools = ['x']\nask.args = ['-v']\n"
                               "version = '1.2.3'\n[files]\n\"a.b\" = 'c'\n";
    struct recipe *r = NULL;
    struct err e;
    return recipe_parse("x/1", text, strlen(text), NULL, NULL, &r, &e) == 0 ? r : NULL;
}

static void write_again(const struct recipe *r)
{
    AUTO(buf_done) struct buf first = {0};
    AUTO(buf_done) struct buf second = {0};
    AUTO(recipe_unrefp) struct recipe *again = NULL;
    struct err e;
    recipe_write(r, &first);
    if (recipe_parse(r->id, first.data, first.len, NULL, NULL, &again, &e) < 0) {
        abort();
    }
    recipe_write(again, &second);
    if (strcmp(first.data, second.data) != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(recipe_unrefp) struct recipe *like = model();
    AUTO(recipe_unrefp) struct recipe *r = NULL;
    struct err e;
    if (recipe_parse("y/2", (const char *)data, size, like_of, like, &r, &e) == 0) {
        recipe_lint(r, say_nothing, NULL);
        write_again(r);
    }
    return 0;
}
