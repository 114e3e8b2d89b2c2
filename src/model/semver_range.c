/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges of versions.  node-semver rewrites each form to plain comparators
 * (">=1.2.0 <1.3.0-0") and so do we: a caret, a tilde, a wildcard or a hyphen
 * range becomes a lower and an upper bound, and a version is held against them as
 * they are read.  Bounds of rewritten forms end in "-0", the lowest prerelease,
 * so that 2.0.0-beta is not below the "<2.0.0" of ^1.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "model/semver.h"
#include "model/semver_text.h"

enum range_op { OP_ANY, OP_EQ, OP_LT, OP_LE, OP_GT, OP_GE };

/* One alternative between "||", while it is held against `version`. */
struct match {
    const struct semver *version; /* NULL: only the grammar counts */
    bool all;                     /* every comparator so far holds */
    bool prerelease_named;        /* one names a prerelease of the same major.minor.patch */
};

static bool comparator_holds(enum range_op op, int order)
{
    switch (op) {
    case OP_EQ:
        return order == 0;
    case OP_LT:
        return order < 0;
    case OP_LE:
        return order <= 0;
    case OP_GT:
        return order > 0;
    case OP_GE:
        return order >= 0;
    case OP_ANY:
    default:
        return true;
    }
}

static void match_add(struct match *m, enum range_op op, const struct semver *bound)
{
    const struct semver *v = m->version;
    if (v == NULL || op == OP_ANY) {
        return;
    }
    m->all = m->all && comparator_holds(op, semver_compare(v, bound));
    if (bound->prerelease[0] != '\0' && v->major == bound->major && v->minor == bound->minor &&
        v->patch == bound->patch) {
        m->prerelease_named = true;
    }
}

static bool match_holds(const struct match *m)
{
    return m->all && (m->version->prerelease[0] == '\0' || m->prerelease_named);
}

/* The first version above all that share the first `fixed` numbers (1 to 3). */
static struct semver next_after(const struct semver *v, unsigned fixed)
{
    struct semver next = {.major = v->major, .prerelease = "0"};
    if (fixed == 1) {
        next.major++;
        return next;
    }
    next.minor = v->minor;
    if (fixed == 2) {
        next.minor++;
        return next;
    }
    next.patch = v->patch + 1;
    return next;
}

static void match_between(struct match *m, const struct semver *low, unsigned fixed)
{
    struct semver high = next_after(low, fixed);
    match_add(m, OP_GE, low);
    match_add(m, OP_LT, &high);
}

/* ^: what does not change the leftmost number that is not 0. */
static void match_caret(struct match *m, const struct semver_partial *part)
{
    unsigned keep = 1;
    if (part->version.major == 0 && part->fixed >= 2) {
        keep = part->version.minor == 0 && part->full ? 3 : 2;
    }
    if (part->fixed > 0) {
        match_between(m, &part->version, keep);
    }
}

static void match_tilde(struct match *m, const struct semver_partial *part)
{
    if (part->fixed > 0) {
        match_between(m, &part->version, part->fixed == 1 ? 1 : 2);
    }
}

/* An operator before something with wildcards: ">1.2" is ">=1.3.0", "<=1" is "<2.0.0-0". */
static void match_wild(struct match *m, enum range_op op, const struct semver_partial *part)
{
    struct semver bound = part->version;
    if (part->fixed == 0) {
        if (op == OP_LT || op == OP_GT) {
            struct semver lowest = {.prerelease = "0"};
            match_add(m, OP_LT, &lowest); /* nothing is */
        }
        return;
    }
    switch (op) {
    case OP_GT:
        bound = next_after(&part->version, part->fixed);
        bound.prerelease[0] = '\0';
        match_add(m, OP_GE, &bound);
        break;
    case OP_GE:
        match_add(m, OP_GE, &bound);
        break;
    case OP_LE:
        bound = next_after(&part->version, part->fixed);
        match_add(m, OP_LT, &bound);
        break;
    case OP_LT:
        strcpy(bound.prerelease, "0");
        match_add(m, OP_LT, &bound);
        break;
    case OP_ANY:
    case OP_EQ:
    default:
        match_between(m, &bound, part->fixed);
        break;
    }
}

static enum range_op read_operator(const char **p)
{
    const char *s = *p;
    bool less = *s == '<';
    bool greater = *s == '>';
    s += less || greater;
    bool equal = *s == '=';
    s += equal;
    *p = s;
    if (less) {
        return equal ? OP_LE : OP_LT;
    }
    if (greater) {
        return equal ? OP_GE : OP_GT;
    }
    return OP_EQ;
}

/*
 * A partial version with its ornaments.  A wildcard may have any run of "v" and
 * "=" before it, a full version one "v" only: node-semver reads that one again by the stricter
 * rule.
 */
static bool read_ornate(const char **p, bool strict_when_full, struct semver_partial *ret)
{
    const char *start = *p;
    const char *s = start + strspn(start, "v=");
    struct semver_partial part;
    if (!semver_partial_read(&s, &part)) {
        return false;
    }
    size_t ornaments = strspn(start, "v=");
    if (strict_when_full && part.full && (ornaments > 1 || (ornaments == 1 && *start != 'v'))) {
        return false;
    }
    *p = s;
    *ret = part;
    return true;
}

static bool match_comparator(struct match *m, const char **p)
{
    struct semver_partial part;
    if (**p == '^') {
        (*p)++;
        if (!read_ornate(p, false, &part)) {
            return false;
        }
        match_caret(m, &part);
        return true;
    }
    if (**p == '~') {
        *p += (*p)[1] == '>' ? 2 : 1;
        if (!read_ornate(p, false, &part)) {
            return false;
        }
        match_tilde(m, &part);
        return true;
    }
    enum range_op op = read_operator(p);
    if (!read_ornate(p, true, &part)) {
        return false;
    }
    if (part.full) {
        match_add(m, op, &part.version);
    } else {
        match_wild(m, op, &part);
    }
    return true;
}

/* "1.2 - 2.3": both ends belong to it. */
static bool match_hyphen(struct match *m, const char *from, const char *to)
{
    /* node-semver puts an upper end with a prerelease together anew, without its ornaments. */
    bool strict = strchr(to, '-') == NULL;
    struct semver_partial low, high;
    if (!read_ornate(&from, true, &low) || *from != ' ' || !read_ornate(&to, strict, &high) ||
        *to != '\0') {
        return false;
    }
    match_wild(m, OP_GE, &low);
    if (high.full) {
        match_add(m, OP_LE, &high.version);
    } else {
        match_wild(m, OP_LE, &high);
    }
    return true;
}

static bool match_alternative(struct match *m, const char *text)
{
    const char *hyphen = strstr(text, " - ");
    if (hyphen != NULL) {
        return match_hyphen(m, text, hyphen + 3);
    }
    const char *p = text;
    while (*p != '\0') {
        if (!match_comparator(m, &p) || (*p != '\0' && *p != ' ')) {
            return false;
        }
        p += *p == ' ';
    }
    return true;
}

/* One space between comparators, none at the ends nor behind an operator. */
static void normalize(const char *text, size_t len, struct buf *ret)
{
    buf_add(ret, "", 0);
    for (size_t i = 0; i < len; i++) {
        if (!isspace((unsigned char)text[i])) {
            buf_add_char(ret, text[i]);
            continue;
        }
        bool glues = ret->len == 0 || strchr(" <>=~^", ret->data[ret->len - 1]) != NULL;
        if (!glues) {
            buf_add_char(ret, ' ');
        }
    }
    if (ret->len > 0 && ret->data[ret->len - 1] == ' ') {
        ret->data[--ret->len] = '\0';
    }
}

/* True when the range is well-formed; *ret_holds whether `version` (may be NULL) is in it. */
static bool range_read(const struct semver *version, const char *range, bool *ret_holds)
{
    bool holds = false;
    for (;;) {
        const char *end = strstr(range, "||");
        AUTO(buf_done) struct buf text = {0};
        normalize(range, end != NULL ? (size_t)(end - range) : strlen(range), &text);

        struct match m = {.version = version, .all = true};
        if (!match_alternative(&m, text.data)) {
            return false;
        }
        holds = holds || (version != NULL && match_holds(&m));
        if (end == NULL) {
            *ret_holds = holds;
            return true;
        }
        range = end + 2;
    }
}

bool semver_satisfies(const struct semver *version, const char *range)
{
    bool holds;
    return range_read(version, range, &holds) && holds;
}

bool semver_range_valid(const char *range)
{
    bool holds;
    return range_read(NULL, range, &holds);
}
