/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar pkg list, search, info and sets: what is installed, and what can be.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/commands.h"
#include "cli/pkg.h"
#include "cli/pkg_match.h"
#include "cli/text.h"
#include "packages/manifest.h"
#include "packages/store.h"
#include "packages/store_usage.h"
#include "recipes/advice.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

#define ID_WIDTH      24
#define VERSION_WIDTH 14

static void json_print(json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2));
    (void)putchar('\n');
    json_decref(json);
}

static const struct store_use *use_of(const struct store_usage *u, const char *id)
{
    static const struct store_use none;
    for (size_t i = 0; i < u->count; i++) {
        if (strcmp(u->runtimes[i].id, id) == 0) {
            return &u->runtimes[i];
        }
    }
    return &none;
}

/* --- list ------------------------------------------------------------------------------------- */

static json_t *list_json(const struct pkg_runtimes *r, const struct store_usage *u)
{
    json_t *all = json_array(), *json = json_object();
    for (size_t i = 0; i < r->count; i++) {
        const struct store_use *use = use_of(u, r->all[i]->id);
        json_t *one = pkg_manifest_json(r->all[i]);
        json_object_set_new(one, "own_bytes", json_integer((json_int_t)use->own_bytes));
        json_object_set_new(one, "shared_bytes", json_integer((json_int_t)use->shared_bytes));
        json_object_set_new(one, "part", json_boolean(r->all[i]->hidden));
        json_array_append_new(all, one);
    }
    json_object_set_new(json, "runtimes", all);
    json_object_set_new(json, "layer_bytes", json_integer((json_int_t)u->layer_bytes));
    json_object_set_new(json, "unused_bytes", json_integer((json_int_t)u->unused_bytes));
    json_object_set_new(json, "cache_bytes", json_integer((json_int_t)u->cache_bytes));
    json_object_set_new(json, "stage_bytes", json_integer((json_int_t)u->stage_bytes));
    return json;
}

static void row_print(const struct manifest *m, const struct store_use *use)
{
    AUTO(buf_done) struct buf own = {0}, shared = {0}, notes = {0};
    AUTO(mem_freep) char *libraries = m->libraries ? strv_join(m->libraries, ",") : NULL;
    text_add_bytes(&own, use->own_bytes);
    text_add_bytes(&shared, use->shared_bytes);
    buf_add_str(&notes, m->source ? m->source : "");
    buf_add_str(&notes, m->hidden ? ", a part" : "");
    buf_add_fmt(&notes, "%s%s", libraries ? ", with " : "", libraries ? libraries : "");
    buf_add_str(&notes, m->pinned ? ", pinned" : "");
    printf("%-*s %-*s %9s %9s  %s\n", ID_WIDTH, m->id, VERSION_WIDTH, m->version ? m->version : "",
           own.data, shared.data, notes.data);
}

static void sum_print(const struct pkg_runtimes *r, const struct store_usage *u)
{
    AUTO(buf_done) struct buf text = {0};
    size_t parts = 0;
    for (size_t i = 0; i < r->count; i++) {
        parts += r->all[i]->hidden;
    }
    buf_add_fmt(&text, "\n%zu installed, %zu part%s below: ", r->count - parts, parts,
                parts == 1 ? "" : "s");
    text_add_bytes(&text, u->layer_bytes);
    buf_add_str(&text, " on the disk, of which ");
    text_add_bytes(&text, u->unused_bytes);
    buf_add_str(&text, " are unused; downloads and lists of packages: ");
    text_add_bytes(&text, u->cache_bytes);
    printf("%s\n", text.data);
}

static void list_print(const struct pkg_runtimes *r, const struct store_usage *u)
{
    printf("%-*s %-*s %9s %9s  %s\n", ID_WIDTH, "NAME", VERSION_WIDTH, "VERSION", "OWN", "SHARED",
           "FROM");
    for (int hidden = 0; hidden < 2; hidden++) {
        for (size_t i = 0; i < r->count; i++) {
            if (r->all[i]->hidden == (hidden == 1)) {
                row_print(r->all[i], use_of(u, r->all[i]->id));
            }
        }
    }
    sum_print(r, u);
}

int pkg_list(struct pkg *p, char *const *words)
{
    AUTO(pkg_runtimes_done) struct pkg_runtimes r = {0};
    AUTO(store_usage_done) struct store_usage u = {0};
    struct err e;
    (void)words;
    pkg_runtimes_read(p, &r);
    if (p->store && store_usage(p->store, &u, &e) < 0) {
        return pkg_fail(p, &e);
    }
    if (p->o.events) {
        json_t *list = list_json(&r, &u);
        json_object_update(p->result, list);
        json_decref(list);
    } else if (p->o.json) {
        json_print(list_json(&r, &u));
    } else if (r.count == 0) {
        printf("nothing is installed in '%s'; 'belljar pkg search' lists what can be\n", p->path);
    } else {
        list_print(&r, &u);
    }
    return CLI_OK;
}

/* --- search ----------------------------------------------------------------------------------- */

static const char *kind_of(const struct recipe *r)
{
    const struct recipe_install *i = &r->install;
    return i->debian           ? "debian"
           : i->npm            ? "npm"
           : i->own            ? "own"
           : i->on || r->files ? "parts"
                               : "";
}

static bool is_about(const struct recipe *r, const char *text)
{
    bool found = strcasestr(r->id, text) || (r->name && strcasestr(r->name, text)) ||
                 (r->package && strcasestr(r->package, text));
    for (char *const *alias = r->aliases; !found && alias && *alias; alias++) {
        found = strcasestr(*alias, text) != NULL;
    }
    return found;
}

static bool is_found(const struct recipe *r, const char *text)
{
    return !recipe_is_part(r) && recipe_is_installable(r) && (!text || is_about(r, text));
}

static json_t *search_json(const struct recipe *r, const struct manifest *there)
{
    json_t *json = json_object();
    json_object_set_new(json, "id", json_string(r->id));
    json_object_set_new(json, "language", json_string(r->language));
    json_object_set_new(json, "name", json_string(r->name ? r->name : r->language));
    json_object_set_new(json, "version", json_string(r->version ? r->version : ""));
    json_object_set_new(json, "source", json_string(kind_of(r)));
    json_object_set_new(json, "installed",
                        there && there->version ? json_string(there->version) : json_null());
    return json;
}

static void search_print(const struct recipe *r, const struct manifest *there)
{
    printf("%-*s %-*s %-7s %-10s %s\n", ID_WIDTH, r->id, VERSION_WIDTH,
           r->version ? r->version : "", kind_of(r), there ? "installed" : "",
           r->name ? r->name : "");
}

static void search_head(void)
{
    printf("%-*s %-*s %-7s %-10s %s\n", ID_WIDTH, "NAME", VERSION_WIDTH, "VERSION", "FROM", "", "");
}

static int search_none(struct pkg *p, const char *text)
{
    AUTO(buf_done) struct buf elsewhere = {0};
    struct err e;
    advice_elsewhere(text, &elsewhere);
    if (elsewhere.len > 0) {
        err_set(&e, ERR_NOT_FOUND, "%s", elsewhere.data);
    } else {
        err_set(&e, ERR_NOT_FOUND,
                "nothing is called '%.60s'; 'belljar pkg search' lists all that can be installed",
                text);
    }
    return pkg_fail(p, &e);
}

int pkg_search(struct pkg *p, char *const *words)
{
    AUTO(pkg_runtimes_done) struct pkg_runtimes installed = {0};
    json_t *json = json_array();
    size_t count, found = 0;
    const struct recipe *const *all = recipes_all(p->recipes, &count);
    pkg_runtimes_read(p, &installed);
    for (size_t i = 0; i < count; i++) {
        if (!is_found(all[i], words[0])) {
            continue;
        }
        const struct manifest *there = pkg_runtimes_by_id(&installed, all[i]->id);
        if (p->o.json) {
            json_array_append_new(json, search_json(all[i], there));
        } else {
            if (found == 0) {
                search_head();
            }
            search_print(all[i], there);
        }
        found++;
    }
    if (found == 0 && words[0] && !p->o.json) {
        json_decref(json);
        return search_none(p, words[0]);
    }
    if (p->o.json) {
        json_print(json);
    } else {
        json_decref(json);
    }
    return CLI_OK;
}

/* --- info ------------------------------------------------------------------------------------- */

static void line_print(const char *key, const char *text)
{
    if (text && *text) {
        printf("  %-12s %s\n", key, text);
    }
}

static void words_print(const char *key, char *const *words)
{
    AUTO(mem_freep) char *text = words ? strv_join(words, " ") : NULL;
    line_print(key, text);
}

static void numbers_print(const char *key, const unsigned *numbers)
{
    AUTO(buf_done) struct buf text = {0};
    for (; numbers && *numbers; numbers++) {
        buf_add_fmt(&text, "%s%u", text.len ? " " : "", *numbers);
    }
    line_print(key, text.data);
}

static void recipe_print(const struct recipe *r)
{
    printf("%s: %s %s\n", r->id, r->name ? r->name : "", r->version ? r->version : "");
    line_print("language", r->language);
    line_print("package", r->package);
    words_print("aliases", r->aliases);
    words_print("extensions", r->extensions);
    words_print("compile", r->commands.compile);
    words_print("run", r->commands.run);
    numbers_print("Judge0", r->judge0);
    numbers_print("Judge0 extra", r->judge0_extra);
    words_print("stands on", r->install.on);
    words_print("Debian", r->install.debian);
    words_print("npm", r->install.npm);
    words_print("own", r->install.own);
    words_print("libraries", r->install.library);
}

static void installed_print(const struct pkg *p, const struct manifest *m)
{
    AUTO(store_usage_done) struct store_usage u = {0};
    struct err e;
    if (!m) {
        line_print("installed", "no");
        return;
    }
    if (store_usage(p->store, &u, &e) == 0) {
        AUTO(buf_done) struct buf size = {0};
        const struct store_use *use = use_of(&u, m->id);
        text_add_bytes(&size, use->own_bytes);
        buf_add_str(&size, ", and ");
        text_add_bytes(&size, use->shared_bytes);
        buf_add_str(&size, " that others use, too");
        line_print("size", size.data);
    }
    line_print("installed", m->version);
    line_print("tool", m->tool);
    words_print("with", m->libraries);
    line_print("pinned", m->pinned ? "yes" : NULL);
    for (size_t i = 0; i < m->part_count; i++) {
        AUTO(mem_freep)
        char *part = xasprintf("%s %s %s", m->parts[i].kind, m->parts[i].name, m->parts[i].version);
        line_print(i == 0 ? "made of" : "", part);
    }
}

static json_t *info_json(const struct pkg_runtimes *installed, const struct recipe *r)
{
    const struct manifest *m = pkg_runtimes_by_id(installed, r->id);
    json_t *json = search_json(r, m), *parts = json_array();
    for (size_t i = 0; m && i < m->part_count; i++) {
        json_array_append_new(parts, json_pack("{s:s, s:s, s:s}", "kind", m->parts[i].kind, "name",
                                               m->parts[i].name, "version", m->parts[i].version));
    }
    json_object_set_new(json, "parts", parts);
    return json;
}

static void info_print(const struct pkg *p, const struct pkg_runtimes *installed,
                       const struct recipe *r)
{
    if (p->o.json) {
        json_print(info_json(installed, r));
        return;
    }
    recipe_print(r);
    installed_print(p, pkg_runtimes_by_id(installed, r->id));
}

/* What is installed by another recipe than those known goes first: it is what runs. */
int pkg_info(struct pkg *p, char *const *words)
{
    AUTO(pkg_runtimes_done) struct pkg_runtimes installed = {0};
    AUTO(mem_freep) const struct manifest **found = NULL;
    AUTO(mem_freep) const struct recipe **chosen = NULL;
    size_t found_count = 0, count = 0;
    struct err e;
    pkg_runtimes_read(p, &installed);
    if (pkg_match(p, &installed, words[0], PKG_SEVERAL_ALL, &found, &found_count, &e) == 0) {
        for (size_t i = 0; i < found_count; i++) {
            info_print(p, &installed, found[i]->recipe);
        }
        return CLI_OK;
    }
    if (recipes_choose(p->recipes, words[0], &chosen, &count, &e) < 0) {
        AUTO(buf_done) struct buf elsewhere = {0};
        advice_elsewhere(words[0], &elsewhere);
        if (elsewhere.len > 0) {
            err_set(&e, ERR_NOT_FOUND, "%s", elsewhere.data);
        }
        return pkg_fail(p, &e);
    }
    for (size_t i = 0; i < count; i++) {
        info_print(p, &installed, chosen[i]);
    }
    return CLI_OK;
}

/* --- sets ------------------------------------------------------------------------------------- */

static size_t set_size(const struct pkg *p, const char *name)
{
    AUTO(mem_freep) const struct recipe **chosen = NULL;
    AUTO(mem_freep) char *word = xasprintf("@%s", name);
    size_t count = 0;
    struct err e;
    return recipes_choose(p->recipes, word, &chosen, &count, &e) == 0 ? count : 0;
}

static void set_print(struct pkg *p, json_t *json, const char *name, const char *about)
{
    size_t count = set_size(p, name);
    if (p->o.json) {
        json_array_append_new(json, json_pack("{s:s, s:s, s:I}", "name", name, "about", about,
                                              "count", (json_int_t)count));
    } else {
        printf("@%-10s %4zu  %s\n", name, count, about);
    }
}

int pkg_sets(struct pkg *p, char *const *words)
{
    json_t *json = json_array();
    size_t count;
    const struct recipe_set *sets = recipes_sets(p->recipes, &count);
    (void)words;
    for (size_t i = 0; i < count; i++) {
        set_print(p, json, sets[i].name, sets[i].about ? sets[i].about : "");
    }
    set_print(p, json, "all", "one version of each language");
    if (p->o.json) {
        json_print(json);
    } else {
        json_decref(json);
    }
    return CLI_OK;
}
