/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A judge0.conf as a source of settings: all that Judge0 knows is known, and what changes nothing
 * here is named together with what is there instead.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/judge0_names.h"
#include "config/judge0_text.h"
#include "config/load.h"

/* The names that nothing here has a use for, by what is there instead. */
struct unused {
    struct unused_group {
        const char *instead;
        char **names;
    } * groups;
    size_t count;
};

static void unused_done(struct unused *u)
{
    for (size_t i = 0; i < u->count; i++) {
        strv_free(u->groups[i].names);
    }
    free(u->groups);
    *u = (struct unused){0};
}

static void unused_add(struct unused *u, const struct judge0_setting *s, const char *instead)
{
    size_t i = 0;
    while (i < u->count && strcmp(u->groups[i].instead, instead) != 0) {
        i++;
    }
    if (i == u->count) {
        u->groups = xreallocarray(u->groups, ++u->count, sizeof(*u->groups));
        u->groups[i] = (struct unused_group){.instead = instead};
    }
    AUTO(mem_freep)
    char *name =
        xasprintf("%s%s%.*s", s->section, *s->section ? "." : "", JUDGE0_TEXT_NAME_MAX, s->name);
    if (!strv_has(u->groups[i].names, name)) {
        strv_add(&u->groups[i].names, name);
    }
}

static int setting_apply(struct config *c, const char *path, const struct judge0_setting *s,
                         bool has_sections, struct unused *unused, struct err *e)
{
    struct judge0_name name = {0};
    AUTO(mem_freep) char *place = xasprintf("%s:%u", path, s->line);
    if (!judge0_name_of_setting(s, has_sections, &name)) {
        load_warn(c, "%s: %.*s is no setting of Judge0 that is known here; it is ignored", place,
                  JUDGE0_TEXT_NAME_MAX, s->name);
        return 0;
    }
    if (name.kind != JUDGE0_UNUSED) {
        return judge0_value(c, &name, s->value, CONFIG_JUDGE0, place, e);
    }
    /* Switched off, or left empty as in the file that Judge0 comes with: nothing was asked for. */
    if (*s->value && strcmp(s->value, "false") != 0) {
        unused_add(unused, s, name.target);
    }
    return 0;
}

int load_judge0(struct config *c, const char *path, struct err *e)
{
    AUTO(buf_done) struct buf data = {0};
    AUTO(judge0_text_done) struct judge0_text text = {0};
    AUTO(unused_done) struct unused unused = {0};
    int r = fd_read_path(path, JUDGE0_TEXT_BYTES_MAX, &data, e);
    if (r < 0) {
        return err_wrap(e, "judge0.conf");
    }
    r = judge0_text_parse(path, data.data, data.len, &text, e);
    for (size_t i = 0; r == 0 && i < text.count; i++) {
        r = setting_apply(c, path, &text.settings[i], text.has_sections, &unused, e);
    }
    for (size_t i = 0; r == 0 && i < unused.count; i++) {
        AUTO(mem_freep) char *names = strv_join(unused.groups[i].names, ", ");
        load_warn(c, "%s: %s: %s", path, names, unused.groups[i].instead);
    }
    return r;
}
