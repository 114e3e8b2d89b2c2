/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/info.h"

#include <string.h>

#include "api/judge0/filters.h"
#include "api/judge0/judge0.h"
#include "api/judge0/status.h"
#include "api/license.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "config/config.h"
#include "engine/engine.h"

bool info_admits(struct http_request *r, const struct judge0 *j)
{
    AUTO(asked_done) struct asked a = {0};
    return filters_pass(r, j, 0, &a);
}

static void respond_plain(struct http_request *r, const char *text)
{
    size_t len = strlen(text);
    judge0_answer(r, 200, "text/plain; charset=utf-8", xmemdup(text, len), len);
}

void about_show(struct http_request *r, void *ctx)
{
    struct judge0 *j = ctx;
    if (info_admits(r, j)) {
        judge0_respond(r, 200,
                       json_pack("{s:s,s:s,s:s,s:s}", "version", j->api->config->judge0_version,
                                 "homepage", ABOUT_HOMEPAGE, "source_code", ABOUT_SOURCE_CODE,
                                 "maintainer", ABOUT_MAINTAINER));
    }
}

void version_show(struct http_request *r, void *ctx)
{
    struct judge0 *j = ctx;
    if (info_admits(r, j)) {
        respond_plain(r, j->api->config->judge0_version);
    }
}

void license_show(struct http_request *r, void *ctx)
{
    if (info_admits(r, ctx)) {
        respond_plain(r, LICENSE_TEXT);
    }
}

void isolate_show(struct http_request *r, void *ctx)
{
    if (info_admits(r, ctx)) {
        respond_plain(r, "belljar " BELLJAR_VERSION ", which runs programs in boxes of its own\n"
                         "There is no isolate here.\n");
    }
}

void statuses_show(struct http_request *r, void *ctx)
{
    struct judge0 *j = ctx;
    if (!info_admits(r, j)) {
        return;
    }
    struct judge0_status_name statuses[STATUSES_MAX];
    size_t count = status_list(j->api->config, statuses);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, json_pack("{s:i,s:s}", "id", statuses[i].id, "description",
                                              statuses[i].description));
    }
    judge0_respond(r, 200, list);
}

/* A slot is what Judge0 calls a worker. */
void workers_show(struct http_request *r, void *ctx)
{
    struct judge0 *j = ctx;
    if (!info_admits(r, j)) {
        return;
    }
    struct engine_stats s = engine_stats(j->api->engine);
    unsigned idle = s.slots > s.running ? s.slots - s.running : 0;
    judge0_respond(r, 200,
                   json_pack("[{s:s,s:i,s:i,s:i,s:i,s:i,s:i}]", "queue",
                             j->api->config->judge0_version, "size", (int)s.queued, "available",
                             (int)s.slots, "idle", (int)idle, "working", (int)s.running, "paused",
                             s.paused ? (int)s.slots : 0, "failed", 0));
}

void config_info_show(struct http_request *r, void *ctx)
{
    struct judge0 *j = ctx;
    if (info_admits(r, j)) {
        judge0_respond(r, 200, config_info_json(j->api->config));
    }
}
