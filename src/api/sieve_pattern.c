/* SPDX-License-Identifier: Apache-2.0 */
#include "api/sieve_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"

#define MESSAGE_MARK  " => "
#define HEAP_KIB      32768
#define STEP_DISTANCE 8 /* characters that cost as much as a step */

struct pattern {
    pcre2_code *code;
    char *text, *message; /* message NULL: it has none */
    bool refers_back;     /* a step may compare much text and stay where it is */
};

struct sieve_patterns {
    struct pattern *all;
    size_t count;
};

/* --- making them ------------------------------------------------------------------------- */

static void pattern_split(const char *row, struct pattern *ret)
{
    const char *mark = NULL;
    for (const char *p = strstr(row, MESSAGE_MARK); p != NULL; p = strstr(p + 1, MESSAGE_MARK)) {
        mark = p;
    }
    ret->text = mark != NULL ? xstrndup(row, (size_t)(mark - row)) : xstrdup(row);
    ret->message = mark != NULL ? xstrdup(mark + strlen(MESSAGE_MARK)) : NULL;
}

static int pattern_compile(struct pattern *p, struct err *e)
{
    int error = 0;
    PCRE2_SIZE at = 0;
    uint32_t back = 0;
    p->code = pcre2_compile((PCRE2_SPTR)p->text, PCRE2_ZERO_TERMINATED,
                            PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C |
                                PCRE2_AUTO_CALLOUT,
                            &error, &at, NULL);
    if (p->code == NULL) {
        PCRE2_UCHAR text[120];
        (void)pcre2_get_error_message(error, text, sizeof(text));
        return err_set(e, ERR_INVALID,
                       "validation.deny_patterns: '%.60s' is no pattern: %s, at character %zu",
                       p->text, (const char *)text, at);
    }
    (void)pcre2_pattern_info(p->code, PCRE2_INFO_BACKREFMAX, &back);
    p->refers_back = back > 0;
    return 0;
}

static void patterns_freep(struct sieve_patterns **p)
{
    sieve_patterns_free(*p);
}

int sieve_patterns_new(char *const *list, struct sieve_patterns **ret, struct err *e)
{
    size_t count = 0;
    while (list != NULL && list[count] != NULL) {
        count++;
    }
    AUTO(patterns_freep) struct sieve_patterns *p = xcalloc(1, sizeof(*p));
    p->all = xcalloc(count + 1, sizeof(*p->all));
    for (size_t i = 0; i < count; i++) {
        p->count = i + 1;
        pattern_split(list[i], &p->all[i]);
        int r = pattern_compile(&p->all[i], e);
        if (r < 0) {
            return r;
        }
    }
    *ret = TAKE(&p, NULL);
    return 0;
}

void sieve_patterns_free(struct sieve_patterns *p)
{
    if (p == NULL) {
        return;
    }
    for (size_t i = 0; i < p->count; i++) {
        pcre2_code_free(p->all[i].code);
        free(p->all[i].text);
        free(p->all[i].message);
    }
    free(p->all);
    free(p);
}

size_t sieve_patterns_count(const struct sieve_patterns *p)
{
    return p->count;
}

/* --- looking ----------------------------------------------------------------------------- */

struct walk {
    size_t begin, at; /* of the step before */
    bool refers_back;
    uint64_t left;
    const atomic_bool *stop;
};

/* Before each item of the pattern: PCRE2's own match limit begins anew at each place in the text.
 */
static int on_step(pcre2_callout_block *b, void *data)
{
    struct walk *w = data;
    size_t from = b->start_match == w->begin ? w->at : b->start_match;
    size_t went =
        b->current_position > from ? b->current_position - from : from - b->current_position;
    if (w->refers_back && b->current_position > b->start_match) {
        went += b->current_position - b->start_match;
    }
    uint64_t cost = 1 + went / STEP_DISTANCE;
    w->begin = b->start_match;
    w->at = b->current_position;
    if (cost > w->left || atomic_load_explicit(w->stop, memory_order_relaxed)) {
        w->left = 0;
        return PCRE2_ERROR_CALLOUT;
    }
    w->left -= cost;
    return 0;
}

/* The context and the data are made for each look: the data keeps the heap of its last match. */
static int match(const struct pattern *p, const char *data, size_t size, struct walk *w)
{
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    pcre2_match_data *found = pcre2_match_data_create(1, NULL);
    int r = PCRE2_ERROR_NOMEMORY;
    if (context != NULL && found != NULL) {
        (void)pcre2_set_heap_limit(context, HEAP_KIB);
        (void)pcre2_set_callout(context, on_step, w);
        r = pcre2_match(p->code, (PCRE2_SPTR)data, size, 0, 0, found, context);
    }
    pcre2_match_data_free(found);
    pcre2_match_context_free(context);
    return r;
}

enum sieve_found sieve_pattern_look(const struct sieve_patterns *p, size_t index, const char *data,
                                    size_t size, uint64_t *left, const atomic_bool *stop)
{
    const struct pattern *pattern = &p->all[index];
    struct walk w = {.refers_back = pattern->refers_back, .left = *left, .stop = stop};
    int r = match(pattern, data, size, &w);
    *left = w.left;
    if (r == PCRE2_ERROR_NOMATCH) {
        return SIEVE_NOTHING;
    }
    return r >= 0 ? SIEVE_FOUND : SIEVE_UNDECIDED;
}

char *sieve_pattern_message(const struct sieve_patterns *p, size_t index, enum sieve_found found)
{
    const struct pattern *pattern = &p->all[index];
    if (found == SIEVE_UNDECIDED) {
        return xasprintf("is refused: it takes too long to say whether it matches '%.200s'",
                         pattern->text);
    }
    return pattern->message != NULL ? xstrdup(pattern->message)
                                    : xasprintf("must not match '%.200s'", pattern->text);
}
