/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/filters.h"

#include "api/json.h"
#include "api/judge0/access.h"
#include "api/judge0/judge0.h"
#include "api/judge0/params.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/strv.h"
#include "config/config.h"
#include "engine/executions.h"
#include "http/http.h"

void asked_done(struct asked *a)
{
    json_decref(a->params);
    *a = (struct asked){0};
}

static bool authz_passes(struct http_request *r, const struct judge0 *j, struct asked *a)
{
    return access_authorized(r, a->params, j);
}

static bool maintenance_passes(struct http_request *r, const struct judge0 *j, struct asked *a)
{
    (void)a;
    const struct config *c = j->api->config;
    if (c->judge0_maintenance) {
        judge0_respond_error(r, 503, c->judge0_maintenance_message);
    }
    return !c->judge0_maintenance;
}

static bool wait_passes(struct http_request *r, const struct judge0 *j, struct asked *a)
{
    if (j->api->config->judge0_wait || !params_is_true(a->params, "wait")) {
        return true;
    }
    judge0_respond_error(r, 400, "wait not allowed");
    return false;
}

static bool batch_passes(struct http_request *r, const struct judge0 *j, struct asked *a)
{
    (void)a;
    if (!j->api->config->judge0_batch) {
        judge0_respond_error(r, 400, "batched submissions are not allowed");
    }
    return j->api->config->judge0_batch;
}

bool filters_share_passes(struct http_request *r, const struct judge0 *j, size_t count)
{
    struct err e = {0};
    if (gate_check_share(j->api->gate, gate_caller(r), count, &e) == 0) {
        return true;
    }
    http_add_header(r, "Retry-After", "1");
    judge0_respond_error(r, 429, e.text);
    return false;
}

static bool room_passes(struct http_request *r, const struct judge0 *j, struct asked *a)
{
    size_t given = json_array_size(json_object_get(a->params, "submissions"));
    size_t count = given > 0 ? given : 1;
    struct err e = {0};
    if (!filters_share_passes(r, j, count)) {
        return false;
    }
    int result = executions_check_room(j->api->executions, count, &e);
    if (result < 0) {
        judge0_respond_refusal(r, &e);
    }
    return result == 0;
}

static bool fields_pass(struct http_request *r, const struct judge0 *j, struct asked *a)
{
    AUTO(buf_done) struct buf unknown = {0};
    if (fields_parse(j->api->config, params_text(a->params, "fields"), &a->fields, &unknown)) {
        return true;
    }
    AUTO(buf_done) struct buf text = {0};
    buf_add_fmt(&text, "invalid fields: [%s]", unknown.data);
    judge0_respond_error(r, 400, text.data);
    return false;
}

bool filters_pass(struct http_request *r, const struct judge0 *j, unsigned filters,
                  struct asked *ret)
{
    static const struct {
        enum filter filter;
        bool (*passes)(struct http_request *r, const struct judge0 *j, struct asked *a);
    } table[] = {
        {FILTER_AUTHZ, authz_passes}, {FILTER_MAINTENANCE, maintenance_passes},
        {FILTER_WAIT, wait_passes},   {FILTER_BATCH, batch_passes},
        {FILTER_ROOM, room_passes},   {FILTER_FIELDS, fields_pass},
    };
    AUTO(asked_done) struct asked a = {0};
    struct err e = {0};
    if (params_read(r, &a.params, &e) < 0) {
        judge0_respond_status(r, 400);
        return false;
    }
    if (!access_authenticated(r, a.params, j)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if ((filters & table[i].filter) != 0 && !table[i].passes(r, j, &a)) {
            return false;
        }
    }
    a.base64 = params_is_true(a.params, "base64_encoded");
    *ret = TAKE(&a, (struct asked){0});
    return true;
}
