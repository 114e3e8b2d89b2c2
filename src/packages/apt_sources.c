/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/apt_sources.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"

#define COMPONENT "main"

static const char *const suffixes[APT_PARTS] = {"", "-updates", "-security", "-backports"};

char *apt_part_suite(const char *suite, enum apt_part part)
{
    return xasprintf("%s%s", suite, suffixes[part]);
}

/* A trailing slash as in "bookworm-security/" is none; APT_PARTS: not of this release. */
static enum apt_part part_of(const struct apt_wanted *w, const char *word)
{
    size_t suite_len = strlen(w->suite), len = strlen(word);
    while (len > 0 && word[len - 1] == '/') {
        len--;
    }
    for (unsigned part = 0; part < APT_PARTS; part++) {
        const char *suffix = suffixes[part];
        if (w->wanted[part] && len == suite_len + strlen(suffix) &&
            strncmp(word, w->suite, suite_len) == 0 &&
            strncmp(word + suite_len, suffix, strlen(suffix)) == 0) {
            return (enum apt_part)part;
        }
    }
    return APT_PARTS;
}

static bool is_yes(const char *word)
{
    static const char *const words[] = {"yes", "true", "with", "on", "enable", "force", "1"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcasecmp(word, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* --- one line an entry: deb [option=value ...] URI SUITE COMPONENT... ---------------------- */

static bool option_is_careless(const char *option)
{
    static const char *const names[] = {
        "trusted=", "allow-insecure=", "allow-weak=", "allow-downgrade-to-insecure="};
    option += option[0] == '[';
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strncasecmp(option, names[i], strlen(names[i])) == 0) {
            AUTO(mem_freep) char *value = xstrdup(option + strlen(names[i]));
            value[strcspn(value, "]")] = '\0';
            return is_yes(value);
        }
    }
    return false;
}

/* Steps over "[...]"; NULL: there is an option that we do not go along with. */
static char *const *options_skip(char *const *word)
{
    if (*word == NULL || (*word)[0] != '[') {
        return word;
    }
    for (; *word != NULL; word++) {
        if (option_is_careless(*word)) {
            return NULL;
        }
        if (str_ends(*word, "]")) {
            return word + 1;
        }
    }
    return NULL;
}

static void line_add(struct apt_wanted *w, const char *line, struct buf *ret)
{
    AUTO(mem_freep) char *text = xstrdup(line);
    text[strcspn(text, "#")] = '\0';
    AUTO(strv_freep) char **words = strv_split(text, " \t\r");
    if (strv_len(words) < 4 || strcmp(words[0], "deb") != 0) {
        return;
    }
    char *const *rest = options_skip(words + 1);
    if (rest == NULL || strv_len(rest) < 3 || !strv_has(rest + 2, COMPONENT)) {
        return;
    }
    enum apt_part part = part_of(w, rest[1]);
    if (part != APT_PARTS) {
        w->found[part] = true;
        buf_add_fmt(ret, "%s\n", text);
    }
}

void apt_sources_list(struct apt_wanted *w, const char *text, struct buf *ret)
{
    AUTO(strv_freep) char **lines = strv_split(text, "\n");
    for (char **line = lines; line && *line; line++) {
        line_add(w, *line, ret);
    }
}

/* --- stanzas -------------------------------------------------------------------------------- */

struct stanza {
    struct buf kept; /* the fields that are passed on as they are */
    char **suites;
    bool refused, binary, has_component;
};

static void stanza_clear(struct stanza *s)
{
    buf_done(&s->kept);
    strv_free(s->suites);
    *s = (struct stanza){0};
}

static void stanza_end(struct apt_wanted *w, struct stanza *s, struct buf *ret)
{
    AUTO(buf_done) struct buf suites = {0};
    bool usable = !s->refused && s->binary && s->has_component;
    for (char **suite = s->suites; usable && suite && *suite; suite++) {
        enum apt_part part = part_of(w, *suite);
        if (part != APT_PARTS) {
            w->found[part] = true;
            buf_add_fmt(&suites, " %s", *suite);
        }
    }
    if (suites.len > 0) {
        buf_add_fmt(ret, "Types: deb\nSuites:%s\n%s\n", suites.data, s->kept.data);
    }
    stanza_clear(s);
}

static bool is_careless_field(const char *name)
{
    static const char *const names[] = {"Trusted", "Allow-Insecure", "Allow-Weak",
                                        "Allow-Downgrade-To-Insecure"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcasecmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* "Name: value"; a line that goes on with the value of the one before has no name. */
static void field_add(struct stanza *s, const char *line, const char **suite_lines)
{
    const char *colon = strchr(line, ':');
    if (line[0] == ' ' || line[0] == '\t' || colon == NULL) {
        if (*suite_lines != NULL) {
            char **more = strv_split(line, " \t\r");
            strv_add_all(&s->suites, more);
            strv_free(more);
        } else {
            buf_add_fmt(&s->kept, "%s\n", line);
        }
        return;
    }
    AUTO(mem_freep) char *name = xstrndup(line, (size_t)(colon - line));
    AUTO(strv_freep) char **words = strv_split(colon + 1, " \t\r");
    const char *first = words ? words[0] : "";
    *suite_lines = strcasecmp(name, "Suites") == 0 ? line : NULL;
    if (*suite_lines) {
        strv_add_all(&s->suites, words);
    } else if (strcasecmp(name, "Types") == 0) {
        s->binary = words && strv_has(words, "deb");
    } else if (strcasecmp(name, "Enabled") == 0) {
        s->refused |= !is_yes(first);
    } else if (is_careless_field(name)) {
        s->refused |= is_yes(first);
    } else {
        s->has_component |=
            strcasecmp(name, "Components") == 0 && words && strv_has(words, COMPONENT);
        buf_add_fmt(&s->kept, "%s\n", line);
    }
}

void apt_sources_deb822(struct apt_wanted *w, const char *text, struct buf *ret)
{
    AUTO(stanza_clear) struct stanza s = {0};
    const char *suite_lines = NULL;
    for (const char *p = text; *p != '\0';) {
        size_t len = strcspn(p, "\n");
        AUTO(mem_freep) char *line = xstrndup(p, len);
        p += len + (p[len] == '\n');
        if (line[strspn(line, " \t\r")] == '\0') {
            stanza_end(w, &s, ret);
            suite_lines = NULL;
        } else if (line[0] != '#') {
            field_add(&s, line, &suite_lines);
        }
    }
    stanza_end(w, &s, ret);
}

/* --- the mirror ------------------------------------------------------------------------------ */

void apt_sources_mirror(struct apt_wanted *w, const char *mirror, const char *security_mirror,
                        const char *keyring, struct buf *ret)
{
    for (unsigned part = 0; part < APT_PARTS; part++) {
        const char *from = part == APT_SECURITY ? security_mirror : mirror;
        if (!w->wanted[part] || w->found[part] || from[0] == '\0') {
            continue;
        }
        w->found[part] = true;
        buf_add_fmt(ret, "Types: deb\nURIs: %s\nSuites: %s%s\nComponents: %s\nSigned-By: %s\n\n",
                    from, w->suite, suffixes[part], COMPONENT, keyring);
    }
}

void apt_sources_copied(struct buf *text)
{
    static const char from[] = "file:/", to[] = "copy:/";
    for (char *p = text->data; p && (p = strstr(p, from)) != NULL; p++) {
        if (p == text->data || p[-1] == ' ' || p[-1] == '\t') {
            memcpy(p, to, strlen(to));
        }
    }
}
