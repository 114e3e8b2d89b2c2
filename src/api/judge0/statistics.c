/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/statistics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/json.h"
#include "api/judge0/info.h"
#include "api/judge0/judge0.h"
#include "api/judge0/languages.h"
#include "api/judge0/status.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"
#include "http/http.h"
#include "store/store.h"

/* --- the answer ------------------------------------------------------------------------------ */

void statistics_pretty_size(uint64_t bytes, char ret[PRETTY_SIZE_MAX])
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB"};
    if (bytes < 10240) {
        snprintf(ret, PRETTY_SIZE_MAX, "%" PRIu64 " bytes", bytes);
        return;
    }
    uint64_t halves = bytes >> 9;
    size_t unit = 0;
    while (halves >= 20 * 1024 - 1 && unit + 1 < ARRAY_LEN(units)) {
        halves >>= 10;
        unit++;
    }
    snprintf(ret, PRETTY_SIZE_MAX, "%" PRIu64 " %s", (halves + 1) / 2, units[unit]);
}

static json_t *time_json(uint64_t ns)
{
    time_t seconds = (time_t)(ns / NS_PER_S);
    struct tm tm;
    char text[64];
    gmtime_r(&seconds, &tm);
    snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03u+00:00", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
             (unsigned)(ns % NS_PER_S / NS_PER_MS));
    return json_string(text);
}

#define DAY_S 86400

/* Yesterday first. */
static json_t *days_json(const struct store_statistics *all, uint64_t now_ns)
{
    json_t *o = json_object();
    for (int day = 1; day < STORE_DAYS; day++) {
        time_t seconds = (time_t)(now_ns / NS_PER_S) - (time_t)day * DAY_S;
        struct tm tm;
        char date[64];
        gmtime_r(&seconds, &tm);
        snprintf(date, sizeof(date), "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1,
                 tm.tm_mday);
        json_object_set_new(o, date, json_integer((json_int_t)all->days[day]));
    }
    return o;
}

static json_t *count_json(const char *what, const struct store_count *count, const char *name)
{
    return json_pack("{s:{s:i,s:o},s:I}", what, "id", (int)count->number, "name",
                     json_repaired(name, strlen(name)), "count", (json_int_t)count->count);
}

static json_t *languages_json(const struct store_statistics *all,
                              const struct judge0_language_set *languages)
{
    json_t *list = json_array();
    for (size_t i = 0; i < all->language_count; i++) {
        char name[160] = "";
        judge0_language_name(languages, all->languages[i].number, name, sizeof(name));
        json_array_append_new(list, count_json("language", &all->languages[i], name));
    }
    return list;
}

static void status_add(json_t *list, const struct store_count *count)
{
    json_array_append_new(list, count_json("status", count, status_description(count->number)));
}

static json_t *statuses_json(const struct store_statistics *all)
{
    json_t *list = json_array();
    struct store_count running = {STATUS_PROCESSING, all->running};
    for (size_t i = 0; i < all->status_count; i++) {
        if (running.count > all->statuses[i].count) {
            status_add(list, &running);
            running.count = 0;
        }
        status_add(list, &all->statuses[i]);
    }
    if (running.count > 0) {
        status_add(list, &running);
    }
    return list;
}

json_t *statistics_json(const struct store_statistics *all,
                        const struct judge0_language_set *languages, uint64_t now_ns)
{
    char size[PRETTY_SIZE_MAX];
    statistics_pretty_size(all->bytes, size);
    return json_pack("{s:o,s:o,s:{s:I,s:I,s:o},s:o,s:o,s:{s:s,s:I}}", "created_at",
                     time_json(now_ns), "cached_until",
                     time_json(now_ns + STATISTICS_FRESH_S * NS_PER_S), "submissions", "total",
                     (json_int_t)all->total, "today", (json_int_t)all->days[0], "last_30_days",
                     days_json(all, now_ns), "languages", languages_json(all, languages),
                     "statuses", statuses_json(all), "database", "size_pretty", size,
                     "size_in_bytes", (json_int_t)all->bytes);
}

/* --- the request ----------------------------------------------------------------------------- */

struct judge0_statistics {
    json_t *answer;
    uint64_t until_ns; /* CLOCK_MONOTONIC */
};

void statistics_free(struct judge0_statistics *s)
{
    if (s != NULL) {
        json_decref(s->answer);
        free(s);
    }
}

/* A request that waits for the counts, and then for the names of languages. */
struct counting {
    struct http_request *request;
    struct judge0 *judge0;
    struct store_call *call;
    struct judge0_languages_wait *wait;
    uint64_t now_ns;
    struct store_statistics all; /* with copies of the lists */
};

static void counting_free(struct counting *c)
{
    free(c->all.languages);
    free(c->all.statuses);
    free(c);
}

static void counting_on_gone(void *ctx)
{
    struct counting *c = ctx;
    store_cancel(c->call);
    judge0_languages_cancel(c->wait);
    counting_free(c);
}

static void answer_keep(struct judge0 *j, json_t *answer)
{
    statistics_free(j->statistics);
    j->statistics = xcalloc(1, sizeof(*j->statistics));
    j->statistics->answer = json_incref(answer);
    j->statistics->until_ns = clock_mono_ns(&clock_system) + STATISTICS_FRESH_S * NS_PER_S;
}

static void counting_on_languages(void *ctx, const struct judge0_language_set *set)
{
    struct counting *c = ctx;
    json_t *answer = statistics_json(&c->all, set, c->now_ns);
    answer_keep(c->judge0, answer);
    judge0_respond(c->request, 200, answer);
    counting_free(c);
}

static struct store_count *counts_copy(const struct store_count *list, size_t count)
{
    return count > 0 ? xmemdup(list, count * sizeof(*list)) : NULL;
}

static void counting_on_counted(void *ctx, const struct store_statistics *all, const struct err *e)
{
    struct counting *c = ctx;
    c->call = NULL;
    if (e != NULL) {
        judge0_respond_error(c->request, 503, e->text);
        counting_free(c);
        return;
    }
    const struct api *api = c->judge0->api;
    c->all = *all;
    c->all.languages = counts_copy(all->languages, all->language_count);
    c->all.statuses = counts_copy(all->statuses, all->status_count);
    struct judge0_languages_wait *wait = judge0_languages_look(
        api->runtimes, (enum judge0_flavour)api->config->judge0_flavour, counting_on_languages, c);
    if (wait != NULL) { /* else it is answered, and `c` gone */
        c->wait = wait;
    }
}

static bool is_fresh(const struct judge0_statistics *s)
{
    return s != NULL && clock_mono_ns(&clock_system) < s->until_ns;
}

void statistics_show(struct http_request *r, void *ctx)
{
    struct judge0 *j = ctx;
    if (!info_admits(r, j)) {
        return;
    }
    const char *invalidate = http_query(r, "invalidate_cache");
    if (is_fresh(j->statistics) && (invalidate == NULL || strcmp(invalidate, "true") != 0)) {
        judge0_respond(r, 200, json_incref(j->statistics->answer));
        return;
    }
    struct counting *c = xcalloc(1, sizeof(*c));
    *c = (struct counting){.request = r, .judge0 = j, .now_ns = clock_wall_ns(&clock_system)};
    http_on_gone(r, counting_on_gone, c);
    c->call = store_count(j->api->store, "judge0", c->now_ns, counting_on_counted, c);
}
