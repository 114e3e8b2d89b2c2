/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/steward_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "model/semver.h"
#include "packages/image.h"
#include "packages/image_pull.h"
#include "recipes/recipe_id.h"

#define NAME_CHARS    64
#define TEXT_CHARS    1024
#define WORDS_MAX     256
#define ALNUM         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define DOCKER        "docker.io"
#define PISTON_PREFIX "piston:"

/* --- what words look like --------------------------------------------------------------------- */

/* Of `allowed` characters alone; the first is a letter or a digit. */
static bool is_plain(const char *text, size_t len, const char *allowed, size_t max)
{
    return len > 0 && len <= max && strchr(ALNUM, text[0]) && strspn(text, allowed) >= len;
}

/* Two points, or a slash and a point, would lead elsewhere where a word becomes part of a path. */
static bool leads_nowhere(const char *text)
{
    return !strstr(text, "..") && !strstr(text, "/.") && !strstr(text, "//");
}

static bool is_range(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= NAME_CHARS && strspn(text, ALNUM " .^~<>=*|+-") == len &&
           semver_range_valid(text);
}

/* "python", "ruby/3.1", "@core", "piston:node=15.10.0", "node@^20 || >=22" */
static bool is_package(const char *text)
{
    static const char chars[] = ALNUM "+-_.#", set[] = ALNUM "-_";
    const char *word = str_starts(text, PISTON_PREFIX) ? text + strlen(PISTON_PREFIX) : text;
    size_t name = strcspn(word, "=@/");
    if (word[0] == '@') {
        return is_plain(word + 1, strlen(word + 1), set, NAME_CHARS);
    }
    if (!is_plain(word, name, chars, NAME_CHARS) || !leads_nowhere(text)) {
        return false;
    }
    const char *rest = word + name;
    if (rest[0] == '/') { /* the name of an id: never with a prefix, nor with another slash */
        size_t len = strcspn(rest + 1, "=@");
        if (word != text || !is_plain(rest + 1, len, chars, NAME_CHARS)) {
            return false;
        }
        rest += 1 + len;
    }
    return rest[0] == '\0' || is_range(rest + 1);
}

/* A part of the name of a Debian package; one that ends with a sign would be an order to apt. */
static bool is_library(const char *text)
{
    size_t len = strlen(text);
    return is_plain(text, len, ALNUM "+-.", NAME_CHARS) && strchr(ALNUM, text[len - 1]) &&
           leads_nowhere(text);
}

static bool is_empty(const char *text)
{
    return text[0] == '\0';
}

static bool is_image(const char *text)
{
    struct err ignored;
    return strchr(ALNUM, text[0]) && image_name_check(text, &ignored) == 0 && leads_nowhere(text);
}

static bool is_reference(const char *text)
{
    struct err ignored;
    return image_reference_check(text, &ignored) == 0 && leads_nowhere(text) && !strstr(text, ":/");
}

static bool is_name(const char *text)
{
    return recipe_name_valid(text) && text[0] != '-';
}

static bool is_alias(const char *text)
{
    return recipe_alias_valid(text) && text[0] != '-';
}

static bool is_version(const char *text)
{
    struct semver ignored;
    return is_plain(text, strlen(text), ALNUM "+-._", NAME_CHARS) && semver_parse(text, &ignored);
}

static bool is_extension(const char *text)
{
    return text[0] == '.' && is_plain(text + 1, strlen(text + 1), ALNUM "+-_.", NAME_CHARS) &&
           leads_nowhere(text);
}

/* What a box will run is nothing to this host; it is one word of ours, behind "--run=". */
static bool is_text(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
            return false;
        }
    }
    return len > 0 && len <= TEXT_CHARS && utf8_valid(text, len);
}

/* --- the tables ------------------------------------------------------------------------------- */

#define OP(name) (UINT32_C(1) << STEWARD_##name)
#define IMPORTS  (OP(IMAGE_IMPORT) | OP(IMAGE_PULL))
#define ANY_OP   UINT32_MAX

enum place { PLACE_WORD, PLACE_FLAG, PLACE_AUDIT };

static const struct word_rule {
    enum steward_word_kind kind;
    const char *says; /* what it is, for who sends another */
    enum place place;
    const char *flag; /* "--with=" */
    uint32_t ops;
    unsigned max;
    bool (*fits)(const char *text);
} word_rules[] = {
    {STEWARD_CALLER, "a caller", PLACE_AUDIT, NULL, ANY_OP, 1, is_text},
    {STEWARD_CLIENT, "an address", PLACE_AUDIT, NULL, ANY_OP, 1, is_text},
    {STEWARD_PACKAGE, "a package", PLACE_WORD, NULL,
     OP(AVAILABLE) | OP(OUTDATED) | OP(INSTALL) | OP(REMOVE) | OP(UPGRADE) | OP(PIN) | OP(UNPIN),
     64, is_package},
    {STEWARD_LIBRARY, "a library", PLACE_FLAG, "--with=", OP(INSTALL), 64, is_library},
    {STEWARD_AGAIN, "empty", PLACE_FLAG, "--again", OP(INSTALL), 1, is_empty},
    {STEWARD_SECURITY, "empty", PLACE_FLAG, "--security", OP(OUTDATED) | OP(UPGRADE), 1, is_empty},
    {STEWARD_IMAGE, "the name of an image", PLACE_FLAG, "--as=", IMPORTS, 1, is_image},
    {STEWARD_IMAGE, "the name of an image", PLACE_WORD, NULL, OP(IMAGE_REMOVE), 1, is_image},
    {STEWARD_REFERENCE, "an image of a registry", PLACE_WORD, NULL, OP(IMAGE_PULL), 1,
     is_reference},
    {STEWARD_MEMBER, "an image of an archive", PLACE_FLAG, "--ref=", OP(IMAGE_IMPORT), 1,
     is_reference},
    {STEWARD_LANGUAGE, "the name of a language", PLACE_FLAG, "--language=", IMPORTS, 1, is_name},
    {STEWARD_VERSION, "a version", PLACE_FLAG, "--version=", IMPORTS, 1, is_version},
    {STEWARD_ALIAS, "a name of a language", PLACE_FLAG, "--alias=", IMPORTS, 16, is_alias},
    {STEWARD_EXTENSION, "an extension (\".rb\")", PLACE_FLAG, "--extension=", IMPORTS, 16,
     is_extension},
    {STEWARD_COMPILE, "a command", PLACE_FLAG, "--compile=", IMPORTS, 1, is_text},
    {STEWARD_RUN, "a command", PLACE_FLAG, "--run=", IMPORTS, 1, is_text},
};

static const struct op_rule {
    const char *command[4];       /* NULL: none is started */
    const char *words[3];         /* the first ones */
    const char *act;              /* for the audit log; it changes something then */
    enum steward_word_kind needs; /* 0: nothing */
    bool uploads;
} op_rules[STEWARD_OPS_END] = {
    [STEWARD_AVAILABLE] = {{"pkg"}, {"available"}, NULL, 0, false},
    [STEWARD_LIST] = {{"pkg"}, {"list"}, NULL, 0, false},
    [STEWARD_OUTDATED] = {{"pkg"}, {"outdated"}, NULL, 0, false},
    [STEWARD_INSTALL] = {{"pkg"}, {"install"}, "installs packages", STEWARD_PACKAGE, false},
    [STEWARD_REMOVE] = {{"pkg"}, {"remove"}, "removes packages", STEWARD_PACKAGE, false},
    [STEWARD_UPGRADE] = {{"pkg"}, {"upgrade"}, "upgrades packages", 0, false},
    [STEWARD_PIN] = {{"pkg"}, {"pin"}, "pins packages", STEWARD_PACKAGE, false},
    [STEWARD_UNPIN] = {{"pkg"}, {"unpin"}, "unpins packages", STEWARD_PACKAGE, false},
    [STEWARD_IMAGES] = {{"image"}, {"list"}, NULL, 0, false},
    [STEWARD_UPLOAD] = {{NULL}, {NULL}, NULL, 0, false},
    [STEWARD_UPLOAD_DROP] = {{NULL}, {NULL}, NULL, 0, true},
    [STEWARD_IMAGE_IMPORT] = {{"image"}, {"import", "-"}, "imports an image", STEWARD_IMAGE, true},
    [STEWARD_IMAGE_PULL] = {{"image"}, {"pull"}, "pulls an image", STEWARD_REFERENCE, false},
    [STEWARD_IMAGE_REMOVE] = {{"image"}, {"remove"}, "removes an image", STEWARD_IMAGE, false},
};

/* --- reading ---------------------------------------------------------------------------------- */

static const struct word_rule *rule_find(char kind, enum steward_op op)
{
    for (size_t i = 0; i < ARRAY_LEN(word_rules); i++) {
        if ((char)word_rules[i].kind == kind && (word_rules[i].ops & UINT32_C(1) << op)) {
            return &word_rules[i];
        }
    }
    return NULL;
}

/* Hosts are told from paths as Docker does: by a point, a colon or a capital letter. */
static bool begins_with_host(const char *reference, size_t len)
{
    bool capital = strcspn(reference, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") < len;
    return reference[len] == '/' &&
           (capital || memchr(reference, '.', len) || memchr(reference, ':', len) ||
            (len == 9 && memcmp(reference, "localhost", 9) == 0));
}

static bool registry_is_allowed(const char *reference, char *const *registries)
{
    size_t len = strcspn(reference, "/");
    bool is_host = begins_with_host(reference, len);
    const char *host = is_host ? reference : DOCKER;
    len = is_host ? len : strlen(DOCKER);
    for (; registries && *registries; registries++) {
        bool same = strlen(*registries) == len && memcmp(*registries, host, len) == 0;
        if (same || strcmp(*registries, "*") == 0) {
            return true;
        }
    }
    return false;
}

struct reading {
    struct steward_order *order;
    char *const *registries;
    unsigned counts[ARRAY_LEN(word_rules)];
    struct buf what;
};

static void word_put(struct reading *in, const struct word_rule *rule, const char *text)
{
    struct steward_order *o = in->order;
    AUTO(buf_done) struct buf word = {0};
    switch (rule->place) {
    case PLACE_AUDIT:
        if (rule->kind == STEWARD_CALLER) {
            snprintf(o->act.who, sizeof(o->act.who), "%s", text);
        } else {
            snprintf(o->act.client, sizeof(o->act.client), "%s", text);
        }
        return;
    case PLACE_WORD:
    case PLACE_FLAG:
        break;
    }
    buf_add_fmt(&word, "%s%s", rule->flag ? rule->flag : "", text);
    strv_add(&o->words, word.data);
    buf_add_fmt(&in->what, "%s%s", in->what.len > 0 ? " " : "", word.data);
}

static int word_read(struct reading *in, const char *word, struct err *e)
{
    const struct word_rule *rule = rule_find(word[0], in->order->op);
    const char *text = word[0] ? word + 1 : word;
    if (!rule || ++in->counts[rule - word_rules] > rule->max) {
        return err_set(e, ERR_INVALID, "a word that this operation does not take, or too many");
    }
    if (!rule->fits(text)) {
        return err_set(e, ERR_INVALID, "'%.80s' is not %s", text, rule->says);
    }
    if (rule->kind == STEWARD_REFERENCE && !registry_is_allowed(text, in->registries)) {
        return err_set(e, ERR_INVALID,
                       "'%.80s': this registry is not one of packages.registries; add its host",
                       text);
    }
    word_put(in, rule, text);
    return 0;
}

static int words_read(struct reading *in, const char *text, size_t len, uint32_t count,
                      struct err *e)
{
    const char *end = text + len;
    for (; count > 0; count--) {
        const char *nul = memchr(text, '\0', (size_t)(end - text));
        if (!nul) {
            return err_set(e, ERR_INVALID, "words that do not end");
        }
        int r = word_read(in, text, e);
        if (r < 0) {
            return r;
        }
        text = nul + 1;
    }
    return text == end ? 0 : err_set(e, ERR_INVALID, "more than its words");
}

static bool has_kind(const struct reading *in, enum steward_word_kind kind)
{
    bool found = kind == 0;
    for (size_t i = 0; i < ARRAY_LEN(word_rules); i++) {
        found = found || (word_rules[i].kind == kind && in->counts[i] > 0);
    }
    return found;
}

static int order_fill(struct reading *in, const struct op_rule *rule, const char *words, size_t len,
                      uint32_t count, struct err *e)
{
    struct steward_order *o = in->order;
    o->changes = rule->act != NULL;
    for (const char *const *word = rule->command; *word; word++) {
        strv_add(&o->command, *word);
    }
    for (const char *const *word = rule->words; *word; word++) {
        strv_add(&o->words, *word);
    }
    int r = words_read(in, words, len, count, e);
    if (r == 0 && !has_kind(in, rule->needs)) {
        r = err_set(e, ERR_INVALID, "nothing is named");
    }
    if (r == 0 && o->op == STEWARD_IMAGE_PULL && !has_kind(in, STEWARD_IMAGE)) {
        r = err_set(e, ERR_INVALID, "the image has no name");
    }
    if (r == 0 && rule->uploads != (o->upload != 0)) {
        r = err_set(e, ERR_INVALID, "an upload where there is none to be, or none");
    }
    return r;
}

int steward_order_read(const void *packet, size_t len, char *const *registries,
                       struct steward_order *ret, struct err *e)
{
    struct steward_request q;
    if (len < sizeof(q)) {
        return err_set(e, ERR_INVALID, "no request");
    }
    memcpy(&q, packet, sizeof(q));
    if (q.op == 0 || q.op >= STEWARD_OPS_END || q.words > WORDS_MAX) {
        return err_set(e, ERR_INVALID, "there is no such operation");
    }
    AUTO(steward_order_done) struct steward_order order = {.op = q.op, .upload = q.upload};
    struct reading in = {.order = &order, .registries = registries};
    const struct op_rule *rule = &op_rules[q.op];
    int r = order_fill(&in, rule, (const char *)packet + sizeof(q), len - sizeof(q), q.words, e);
    if (r == 0) {
        snprintf(order.act.act, sizeof(order.act.act), "%s", rule->act ? rule->act : "");
        order.what = xstrndup(in.what.data ? in.what.data : "", in.what.len);
        snprintf(order.act.what, sizeof(order.act.what), "%s", order.what);
        *ret = TAKE(&order, (struct steward_order){0});
    }
    buf_done(&in.what);
    return r;
}

void steward_order_done(struct steward_order *o)
{
    strv_free(o->command);
    strv_free(o->words);
    free(o->what);
    *o = (struct steward_order){0};
}
