/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "packages/manifest.h"
#include "recipes/recipe.h"

/* Writes what manifest.c reads. */

static void add_escaped(struct buf *b, unsigned char c)
{
    switch (c) {
    case '"':
        buf_add_str(b, "\\\"");
        break;
    case '\\':
        buf_add_str(b, "\\\\");
        break;
    case '\n':
        buf_add_str(b, "\\n");
        break;
    case '\t':
        buf_add_str(b, "\\t");
        break;
    default:
        if (c < ' ' || c == 0x7f) {
            buf_add_fmt(b, "\\u%04x", c);
        } else {
            buf_add_char(b, (char)c);
        }
    }
}

static void add_text(struct buf *b, const char *text)
{
    buf_add_char(b, '"');
    for (const char *c = text ? text : ""; *c; c++) {
        add_escaped(b, (unsigned char)*c);
    }
    buf_add_char(b, '"');
}

static void add_key_text(struct buf *b, const char *key, const char *text)
{
    if (text) {
        buf_add_fmt(b, "%s = ", key);
        add_text(b, text);
        buf_add_char(b, '\n');
    }
}

/* For people: as many lines as the recipe has. */
static void add_recipe(struct buf *b, const char *text)
{
    buf_add_str(b, "recipe = \"\"\"\n");
    for (const char *c = text ? text : ""; *c; c++) {
        /* A single one ends nothing. */
        bool lone = *c == '"' && c[1] != '"' && c[1] != '\0' && (c == text || c[-1] != '"');
        if (lone || *c == '\n' || *c == '\t') {
            buf_add_char(b, *c);
        } else {
            add_escaped(b, (unsigned char)*c);
        }
    }
    buf_add_str(b, "\"\"\"\n");
}

static void add_layers(struct buf *b, const struct manifest *m)
{
    buf_add_str(b, "layers = [");
    for (size_t i = 0; i < m->layer_count; i++) {
        buf_add_fmt(b, "%s%" PRIu32, i > 0 ? ", " : "", m->layers[i]);
    }
    buf_add_fmt(b, "]\nown_layers = %zu\n", m->own_layer_count);
}

static void add_parts(struct buf *b, const struct manifest *m)
{
    buf_add_str(b, "parts = [");
    for (size_t i = 0; i < m->part_count; i++) {
        const struct manifest_part *p = &m->parts[i];
        buf_add_str(b, "\n    ");
        char *const words[] = {p->kind, p->name, p->version, NULL};
        AUTO(buf_done) struct buf line = {0};
        for (size_t k = 0; words[k]; k++) {
            buf_add_fmt(&line, "%s%s", k > 0 ? " " : "", words[k]);
        }
        add_text(b, line.data);
        buf_add_char(b, ',');
    }
    buf_add_str(b, m->part_count > 0 ? "\n]\n" : "]\n");
}

static void add_libraries(struct buf *b, const struct manifest *m)
{
    if (!m->libraries || !m->libraries[0]) {
        return;
    }
    buf_add_str(b, "libraries = [");
    for (char **l = m->libraries; *l; l++) {
        buf_add_str(b, l > m->libraries ? ", " : "");
        add_text(b, *l);
    }
    buf_add_str(b, "]\n");
}

void manifest_write(const struct manifest *m, struct buf *ret)
{
    buf_add_str(ret, "# What is installed here, and by which recipe. Written by belljar.\n");
    add_key_text(ret, "id", m->id);
    add_key_text(ret, "version", m->version);
    add_key_text(ret, "tool", m->tool);
    add_key_text(ret, "source", m->source);
    add_layers(ret, m);
    add_parts(ret, m);
    add_libraries(ret, m);
    buf_add_fmt(ret, "installed = %" PRId64 "\n", m->installed_s);
    buf_add_fmt(ret, "pinned = %s\n", m->pinned ? "true" : "false");
    buf_add_fmt(ret, "hidden = %s\n", m->hidden ? "true" : "false");
    if (m->recipe_text) {
        add_recipe(ret, m->recipe_text);
    } else {
        AUTO(buf_done) struct buf text = {0};
        recipe_write(m->recipe, &text);
        add_recipe(ret, text.data);
    }
}
