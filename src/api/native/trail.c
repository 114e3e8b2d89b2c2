/* SPDX-License-Identifier: Apache-2.0 */
#include "api/native/trail.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define PIECE_MAX ((size_t)16 << 10)

#define END_TEXT "end"

static bool leg_begin(struct trail *t, size_t leg, struct trail_step *ret)
{
    *t = (struct trail){.at = TRAIL_IN, .leg = leg};
    *ret = (struct trail_step){.event = TRAIL_LEG, .leg = leg};
    return true;
}

static bool finish(struct trail *t, struct trail_step *ret)
{
    *t = (struct trail){.at = TRAIL_END};
    *ret = (struct trail_step){.event = TRAIL_FINISHED};
    return true;
}

/* The next piece of one stream; a character that is not complete waits while more may come. */
static bool output_next(size_t *told, const char *data, size_t len, bool over,
                        struct trail_step *ret)
{
    if (*told >= len) {
        return false;
    }
    size_t n = len - *told < PIECE_MAX ? len - *told : PIECE_MAX;
    if (!over || *told + n < len) {
        n = utf8_whole(data + *told, n);
    }
    if (n == 0) {
        return false;
    }
    ret->data = data + *told;
    ret->len = n;
    *told += n;
    return true;
}

static bool leg_next(struct trail *t, const struct trail_leg *leg, struct trail_step *ret)
{
    *ret = (struct trail_step){.event = TRAIL_OUTPUT, .leg = t->leg, .stream = STREAM_STDOUT};
    if (output_next(&t->out, leg->out, leg->out_len, leg->over, ret)) {
        return true;
    }
    ret->stream = STREAM_STDERR;
    if (output_next(&t->err, leg->err, leg->err_len, leg->over, ret)) {
        return true;
    }
    if (leg->over) {
        t->at = TRAIL_PAST;
        *ret = (struct trail_step){.event = TRAIL_LEG_OVER, .leg = t->leg};
    }
    return leg->over;
}

bool trail_next(struct trail *t, const struct trail_view *view, struct trail_step *ret)
{
    struct trail_leg leg;
    switch (t->at) {
    case TRAIL_START:
        if (view->leg(view->ctx, TRAIL_COMPILE, &leg)) {
            return leg_begin(t, TRAIL_COMPILE, ret);
        }
        if (view->leg(view->ctx, TRAIL_RUN, &leg)) {
            return leg_begin(t, TRAIL_RUN, ret);
        }
        break;
    case TRAIL_IN: /* a leg is not there any more when the job runs anew */
        if (view->leg(view->ctx, t->leg, &leg)) {
            return leg_next(t, &leg, ret);
        }
        break;
    case TRAIL_PAST:
        if (view->leg(view->ctx, t->leg + 1, &leg)) {
            return leg_begin(t, t->leg + 1, ret);
        }
        break;
    case TRAIL_END:
        return false;
    }
    return view->over && finish(t, ret);
}

void trail_write(const struct trail *t, char ret[TRAIL_TEXT_MAX])
{
    switch (t->at) {
    case TRAIL_START:
        ret[0] = '\0';
        return;
    case TRAIL_IN:
        snprintf(ret, TRAIL_TEXT_MAX, "%zu:%zu:%zu", t->leg, t->out, t->err);
        return;
    case TRAIL_PAST:
        snprintf(ret, TRAIL_TEXT_MAX, "%zu:" END_TEXT, t->leg);
        return;
    case TRAIL_END:
        snprintf(ret, TRAIL_TEXT_MAX, END_TEXT);
        return;
    }
}

/* Digits up to `end`; moves behind it. */
static bool number_read(const char **text, char end, size_t *ret)
{
    char *stop;
    if (!isdigit((unsigned char)**text) || strlen(*text) >= TRAIL_TEXT_MAX) {
        return false;
    }
    *ret = strtoul(*text, &stop, 10);
    if (*stop != end || *ret >= SIZE_MAX / 2) {
        return false;
    }
    *text = stop + (end != '\0');
    return true;
}

bool trail_read(const char *text, struct trail *ret)
{
    struct trail t = {.at = TRAIL_END};
    if (text[0] == '\0') {
        t.at = TRAIL_START;
    } else if (strcmp(text, END_TEXT) != 0) {
        if (!number_read(&text, ':', &t.leg)) {
            return false;
        }
        t.at = strcmp(text, END_TEXT) == 0 ? TRAIL_PAST : TRAIL_IN;
        if (t.at == TRAIL_IN &&
            (!number_read(&text, ':', &t.out) || !number_read(&text, '\0', &t.err))) {
            return false;
        }
    }
    *ret = t;
    return true;
}
