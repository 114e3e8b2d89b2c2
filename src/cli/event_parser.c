/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/event_parser.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static bool is(const char *name, size_t len, const char *wanted)
{
    return strlen(wanted) == len && memcmp(name, wanted, len) == 0;
}

static void field_set(struct event_parser *p, const char *name, size_t name_len, const char *value,
                      size_t len)
{
    if (is(name, name_len, "event")) {
        buf_clear(&p->type);
        buf_add(&p->type, value, len);
    } else if (is(name, name_len, "data")) {
        buf_add(&p->data, value, len);
        buf_add_char(&p->data, '\n');
    } else if (is(name, name_len, "id") && !memchr(value, '\0', len)) {
        buf_clear(&p->id);
        buf_add(&p->id, value, len);
        p->id_given = true;
    } else if (is(name, name_len, "retry") && len > 0 && strspn(value, "0123456789") == len) {
        p->retry_ms = (unsigned)strtoul(value, NULL, 10);
    }
}

static bool dispatch(struct event_parser *p)
{
    bool more = true;
    if (p->id_given) {
        buf_clear(&p->last_id);
        buf_add(&p->last_id, p->id.data, p->id.len);
    }
    if (p->data.len > 0) {
        p->data.data[--p->data.len] = '\0';
        more = p->event(p->ctx, p->type.len ? p->type.data : "message", p->data.data, p->data.len);
    }
    event_parser_reset(p);
    return more;
}

static bool line_end(struct event_parser *p)
{
    if (p->line.len == 0) {
        return dispatch(p);
    }
    const char *line = p->line.data;
    const char *colon = memchr(line, ':', p->line.len);
    size_t name_len = colon ? (size_t)(colon - line) : p->line.len;
    const char *value = colon ? colon + 1 : line + p->line.len;
    value += *value == ' ' ? 1 : 0;
    field_set(p, line, name_len, value, p->line.len - (size_t)(value - line));
    buf_clear(&p->line);
    return true;
}

bool event_parser_feed(struct event_parser *p, const char *data, size_t len)
{
    const char *end = data + len;
    while (data < end) {
        if (p->after_cr && *data == '\n') {
            data++;
            p->after_cr = false;
            continue;
        }
        p->after_cr = false;
        const char *at = data;
        while (at < end && *at != '\n' && *at != '\r') {
            at++;
        }
        buf_add(&p->line, data, (size_t)(at - data));
        if (at == end) {
            return true;
        }
        p->after_cr = *at == '\r';
        data = at + 1;
        if (!line_end(p)) {
            return false;
        }
    }
    return true;
}

void event_parser_reset(struct event_parser *p)
{
    buf_clear(&p->line);
    buf_clear(&p->type);
    buf_clear(&p->data);
    buf_clear(&p->id);
    p->id_given = false;
}

void event_parser_done(struct event_parser *p)
{
    struct buf *all[] = {&p->last_id, &p->line, &p->type, &p->data, &p->id};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        buf_done(all[i]);
    }
}
