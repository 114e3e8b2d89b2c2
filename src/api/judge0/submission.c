/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/submission.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "api/json.h"
#include "api/judge0/languages.h"
#include "api/judge0/status.h"
#include "api/judge0/text.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/utf8.h"
#include "config/config.h"
#include "model/execution.h"

struct writer {
    const struct config *config;
    const struct judge0_language_set *languages;
    const struct execution *x;
    json_t *request, *result; /* parsed when a field needs them */
    bool base64;
    struct buf *ret;
};

static void writer_done(struct writer *w)
{
    json_decref(w->request);
    json_decref(w->result);
}

static json_t *asked(struct writer *w, const char *name)
{
    if (w->request == NULL && w->x->request != NULL) {
        w->request = json_loads(w->x->request, JSON_ALLOW_NUL, NULL);
    }
    return json_object_get(w->request, name);
}

static json_t *outcome(struct writer *w, const char *name)
{
    if (w->result == NULL && w->x->result != NULL) {
        w->result = json_loads(w->x->result, JSON_ALLOW_NUL, NULL);
    }
    return json_object_get(w->result, name);
}

static void null_write(struct writer *w)
{
    buf_add_str(w->ret, "null");
}

#define LINE_BYTES 45 /* 60 characters of base64, as Ruby's pack("m") breaks its lines */

static void base64_write(struct writer *w, const char *data, size_t len)
{
    buf_add_char(w->ret, '"');
    if (!w->config->base64_wrap) {
        base64_encode(data, len, w->ret);
    }
    for (size_t at = 0; w->config->base64_wrap && at < len; at += LINE_BYTES) {
        base64_encode(data + at, len - at < LINE_BYTES ? len - at : LINE_BYTES, w->ret);
        buf_add_str(w->ret, "\\n");
    }
    buf_add_char(w->ret, '"');
}

static bool text_write(struct writer *w, const char *data, size_t len)
{
    if (w->base64) {
        base64_write(w, data, len);
        return true;
    }
    if (!utf8_valid(data, len)) {
        return false;
    }
    text_string(data, len, w->ret);
    return true;
}

static bool part_write(struct writer *w, const struct field *f)
{
    const struct execution_bytes *part = &w->x->parts[f->part];
    if (part->data == NULL || (f->kind == FIELD_OUTPUT && part->len == 0)) {
        null_write(w);
    } else if (f->kind == FIELD_FILES) {
        base64_write(w, part->data, part->len);
    } else {
        return text_write(w, part->data, part->len);
    }
    return true;
}

/* Repaired when it was made, so never a reason to refuse the whole. */
static void message_write(struct writer *w, const char *name)
{
    const json_t *message = outcome(w, name);
    if (json_is_string(message)) {
        text_write(w, json_string_value(message), json_string_length(message));
    } else {
        null_write(w);
    }
}

static void seconds_write(struct writer *w, const json_t *value)
{
    if (json_is_number(value)) {
        text_decimal(json_number_value(value), w->ret);
    } else {
        null_write(w);
    }
}

static void status_write(struct writer *w)
{
    int32_t status = status_of(w->x);
    const char *description = status_description(status);
    buf_add_fmt(w->ret, "{\"id\":%" PRId32 ",\"description\":", status);
    text_string(description, strlen(description), w->ret);
    buf_add_char(w->ret, '}');
}

static void language_write(struct writer *w)
{
    char name[128] = "";
    judge0_language_name(w->languages, w->x->language, name, sizeof(name));
    buf_add_fmt(w->ret, "{\"id\":%" PRId32 ",\"name\":", w->x->language);
    text_string(name, strlen(name), w->ret);
    buf_add_char(w->ret, '}');
}

static void host_write(struct writer *w, bool known)
{
    struct utsname host;
    if (known && uname(&host) == 0 && utf8_valid(host.nodename, strlen(host.nodename))) {
        text_string(host.nodename, strlen(host.nodename), w->ret);
    } else {
        null_write(w);
    }
}

static uint64_t updated_ns(const struct execution *x)
{
    return x->finished_ns != 0  ? x->finished_ns
           : x->started_ns != 0 ? x->started_ns
                                : x->created_ns;
}

static bool value_write(struct writer *w, const struct field *f)
{
    const struct execution *x = w->x;
    switch (f->kind) {
    case FIELD_TEXT:
    case FIELD_OUTPUT:
    case FIELD_FILES:
        return part_write(w, f);
    case FIELD_ASKED:
        text_value(asked(w, f->name), w->ret);
        break;
    case FIELD_ASKED_TIME:
        seconds_write(w, asked(w, f->name));
        break;
    case FIELD_RESULT:
        text_value(outcome(w, f->name), w->ret);
        break;
    case FIELD_RESULT_TIME:
        seconds_write(w, outcome(w, f->name));
        break;
    case FIELD_MESSAGE:
        message_write(w, f->name);
        break;
    case FIELD_TOKEN:
        text_string(x->id, strlen(x->id), w->ret);
        break;
    case FIELD_STATUS:
        status_write(w);
        break;
    case FIELD_STATUS_ID:
        buf_add_fmt(w->ret, "%" PRId32, status_of(x));
        break;
    case FIELD_LANGUAGE:
        language_write(w);
        break;
    case FIELD_LANGUAGE_ID:
        buf_add_fmt(w->ret, "%" PRId32, x->language);
        break;
    case FIELD_CREATED_AT:
        text_time(x->created_ns, w->ret);
        break;
    case FIELD_STARTED_AT:
        text_time(x->started_ns, w->ret);
        break;
    case FIELD_FINISHED_AT:
        text_time(x->finished_ns, w->ret);
        break;
    case FIELD_UPDATED_AT:
        text_time(updated_ns(x), w->ret);
        break;
    case FIELD_QUEUE_HOST:
        host_write(w, true);
        break;
    case FIELD_EXECUTION_HOST:
        host_write(w, x->started_ns != 0);
        break;
    }
    return true;
}

static bool fields_write(struct writer *w, field_mask fields)
{
    size_t count;
    const struct field *table = fields_table(&count);
    const char *before = "{\"";
    for (size_t i = 0; i < count; i++) {
        if ((fields >> i & 1) == 0) {
            continue;
        }
        buf_add_str(w->ret, before);
        buf_add_str(w->ret, table[i].name);
        buf_add_str(w->ret, "\":");
        before = ",\"";
        if (!value_write(w, &table[i])) {
            return false;
        }
    }
    buf_add_str(w->ret, fields != 0 ? "}" : "{}");
    return true;
}

/* Back to what it held. */
static void cut(struct buf *b, size_t len)
{
    b->len = len;
    if (b->data != NULL) {
        b->data[len] = '\0';
    }
}

bool submission_write(const struct config *config, const struct judge0_language_set *languages,
                      const struct execution *x, field_mask fields, bool base64, struct buf *ret)
{
    AUTO(writer_done) struct writer w = {config, languages, x, NULL, NULL, base64, ret};
    size_t len = ret->len;
    if (!fields_write(&w, fields)) {
        cut(ret, len);
        return false;
    }
    return true;
}
