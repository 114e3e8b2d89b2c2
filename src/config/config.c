/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/load.h"
#include "config/units.h"

struct config_origin {
    enum config_source source;
    char *place; /* "environment BELLJAR_LOG_LEVEL" */
};

struct config_origins {
    struct config_origin *of; /* one for each option, in their order */
};

void config_free(struct config *c)
{
    if (!c) {
        return;
    }
    for (size_t i = 0; i < option_count; i++) {
        option_free(&options[i], c);
        free(c->origins->of[i].place);
    }
    free(c->origins->of);
    free(c->origins);
    strv_free(c->warnings);
    free(c);
}

void config_freep(struct config **c)
{
    config_free(*c);
    *c = NULL;
}

static struct config *config_new(void)
{
    struct config *c = xcalloc(1, sizeof(*c));
    c->origins = xcalloc(1, sizeof(*c->origins));
    c->origins->of = xcalloc(option_count, sizeof(*c->origins->of));
    return c;
}

static const struct option *option_of(const struct config *c, const void *field)
{
    for (size_t i = 0; i < option_count; i++) {
        if (option_field_const(&options[i], c) == field) {
            return &options[i];
        }
    }
    return NULL;
}

void load_warn(struct config *c, const char *fmt, ...)
{
    AUTO(buf_done) struct buf text = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_add_vfmt(&text, fmt, ap);
    va_end(ap);
    strv_add(&c->warnings, text.data);
}

void load_note(struct config *c, const struct option *o, enum config_source source,
               const char *place)
{
    struct config_origin *origin = &c->origins->of[o - options];
    char *copy = xstrdup(place);
    free(origin->place);
    *origin = (struct config_origin){.source = source, .place = copy};
}

const char *load_place(const struct config *c, const struct option *o)
{
    return c->origins->of[o - options].place;
}

int load_value(struct config *c, const struct option *o, const char *text,
               enum config_source source, const char *place, struct err *e)
{
    /* A flag may be given several times to fill a list; any other source replaces what is weaker.
     */
    bool append = source == CONFIG_FLAG && c->origins->of[o - options].source == CONFIG_FLAG;
    int r = option_read(o, text, append, c, e);
    if (r < 0) {
        return err_wrap(e, "%s", place);
    }
    load_note(c, o, source, place);
    return 0;
}

static int load_defaults(struct config *c, struct err *e)
{
    for (size_t i = 0; i < option_count; i++) {
        int r = load_value(c, &options[i], options[i].preset, CONFIG_DEFAULT, "default", e);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

/* The file that was named, or the usual one if it is there; NULL: none. */
static int file_choose(const struct flag_list *flags, char *const *environment, const char **ret,
                       struct err *e)
{
    const char *named = load_flags_file(flags);
    const char *source = "--config";
    if (!named) {
        named = load_variable(environment, "BELLJAR_CONFIG");
        source = "BELLJAR_CONFIG";
    }
    if (named && !*named) {
        return err_set(e, ERR_INVALID, "%s names no file; give a path, or leave it out", source);
    }
    /* access(2), so that a file which is there and cannot be read is an error and not overlooked.
     */
    *ret = named ? named : access(CONFIG_DEFAULT_PATH, F_OK) == 0 ? CONFIG_DEFAULT_PATH : NULL;
    return 0;
}

static int load_all(struct config *c, const char *judge0, char *const *environment,
                    const struct flag_list *flags, struct err *e)
{
    const char *path = NULL;
    int r = load_defaults(c, e);
    if (r == 0 && judge0) {
        r = load_judge0(c, judge0, e);
    }
    if (r == 0) {
        r = file_choose(flags, environment, &path, e);
    }
    if (r == 0 && path) {
        r = load_file(c, path, e);
    }
    if (r == 0) {
        r = load_environment(c, environment, e);
    }
    return r < 0 ? r : load_flags(c, flags, e);
}

/* The judge0.conf that was named, or the usual one if it is there; NULL: none. */
static const char *judge0_choose(const struct config *c)
{
    if (strcmp(c->judge0_conf, CONFIG_JUDGE0_NONE) == 0) {
        return NULL;
    }
    if (*c->judge0_conf) {
        return c->judge0_conf;
    }
    return access(CONFIG_JUDGE0_PATH, F_OK) == 0 ? CONFIG_JUDGE0_PATH : NULL;
}

/*
 * A judge0.conf is weaker than all that can name it, so the others are read for its name first, and
 * then all of them in their order.
 */
static int load_twice(char *const *environment, const struct flag_list *flags, struct config **ret,
                      struct err *e)
{
    AUTO(config_freep) struct config *c = config_new();
    int r = load_all(c, NULL, environment, flags, e);
    const char *judge0 = r == 0 ? judge0_choose(c) : NULL;
    bool is_read = judge0;
    if (judge0) {
        AUTO(config_freep) struct config *named = TAKE(&c, config_new());
        r = load_all(c, judge0, environment, flags, e);
        if (r == 0 && !*c->judge0_conf) {
            r = load_value(c, option_of(c, &c->judge0_conf), judge0, CONFIG_DEFAULT,
                           "default: it is there", e);
        }
    }
    if (r < 0) {
        return r;
    }
    c->judge0_conf_read = is_read;
    load_check(c);
    *ret = TAKE(&c, NULL);
    return 0;
}

int config_load(char *const *words, char *const *environment, struct config **ret, char ***ret_rest,
                struct err *e)
{
    AUTO(load_flags_done) struct flag_list flags = {0};
    int r = load_flags_parse(words, &flags, e);
    if (r < 0) {
        return r;
    }
    AUTO(config_freep) struct config *c = NULL;
    r = load_twice(environment, &flags, &c, e);
    if (r < 0) {
        return r;
    }
    size_t rest = 0;
    while (words[flags.used + rest]) {
        rest++;
    }
    char **rest_words = xcalloc(rest + 1, sizeof(*rest_words));
    memcpy(rest_words, words + flags.used, rest * sizeof(*rest_words));
    *ret_rest = rest_words;
    *ret = TAKE(&c, NULL);
    return 0;
}

enum config_source config_source(const struct config *c, const void *field)
{
    const struct option *o = option_of(c, field);
    return o ? c->origins->of[o - options].source : CONFIG_DEFAULT;
}

uint32_t config_cpu_milli(const struct config *c)
{
    uint64_t milli = 0;
    units_parse_milli(c->cpus, &milli); /* the text was checked when it was read */
    return (uint32_t)milli;
}

char *const *config_warnings(const struct config *c)
{
    return c->warnings;
}

const char *config_judge0_conf_read(const struct config *c)
{
    return c->judge0_conf_read ? c->judge0_conf : NULL;
}
