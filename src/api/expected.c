/* SPDX-License-Identifier: Apache-2.0 */
#include "api/expected.h"

#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/native/native.h"
#include "api/piston/limits.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "engine/engine.h"
#include "model/job.h"
#include "model/runtime.h"
#include "runtimes/runtimes.h"

/* What Piston calls a file without a name. */
#define PISTON_NAME "file0.code"

struct expected_language {
    struct expected *owner;
    struct runtimes_wait *wait; /* NULL: it was told */
};

struct expected {
    struct api *api;
    struct limit_overrides *overrides;
    size_t count;
    struct expected_language *languages;
};

static struct job *job_make(struct runtime *runtime, const char *name)
{
    struct job *job = job_new();
    job->runtime = runtime_ref(runtime);
    job_add_file(job, name, runtime->hello, strlen(runtime->hello), true);
    return job;
}

static void expect_of_native(const struct api *api, struct runtime *runtime)
{
    struct job *job = job_make(runtime, runtime->default_name);
    native_limits_usual(api->config, NULL, runtime, &job->compile, &job->run);
    engine_expect(api->engine, job);
}

static void expect_of_piston(const struct expected *x, struct runtime *runtime)
{
    struct job *job = job_make(runtime, PISTON_NAME);
    limits_configured(x->api->config, x->overrides, runtime, &job->compile, &job->run);
    engine_expect(x->api->engine, job);
}

static void on_found(void *ctx, struct runtime *found)
{
    struct expected_language *l = ctx;
    l->wait = NULL;
    if (found && found->hello && found->default_name) {
        expect_of_native(l->owner->api, found);
        expect_of_piston(l->owner, found);
    }
}

static void expected_ask(struct expected *x)
{
    for (size_t i = 0; i < x->count; i++) {
        struct expected_language *l = &x->languages[i];
        runtimes_cancel(l->wait);
        l->wait = runtimes_find(x->api->runtimes, x->api->config->pool_keep[i], NULL, on_found, l);
    }
}

/* What is in a spare box may be gone by now, or be another version. */
static void on_changed(void *ctx)
{
    struct expected *x = ctx;
    engine_drop_spares(x->api->engine);
    expected_ask(x);
}

struct expected *expected_new(struct api *api)
{
    struct expected *x = xcalloc(1, sizeof(*x));
    struct err ignored; /* the dialect has refused what is wrong in it */
    x->api = api;
    (void)limit_overrides_parse(api->config->limit_overrides, &x->overrides, &ignored);
    x->count = strv_len(api->config->pool_keep);
    x->languages = xcalloc(x->count + 1, sizeof(*x->languages));
    for (size_t i = 0; i < x->count; i++) {
        x->languages[i].owner = x;
    }
    runtimes_on_change(api->runtimes, on_changed, x);
    expected_ask(x);
    return x;
}

void expected_free(struct expected *x)
{
    if (!x) {
        return;
    }
    runtimes_on_change(x->api->runtimes, NULL, NULL);
    for (size_t i = 0; i < x->count; i++) {
        runtimes_cancel(x->languages[i].wait);
    }
    limit_overrides_free(x->overrides);
    free(x->languages);
    free(x);
}
