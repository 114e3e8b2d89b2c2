/* SPDX-License-Identifier: Apache-2.0 */
#include "api/piston/order.h"

#include <stdlib.h>
#include <string.h>

#include "api/gate.h"
#include "api/json.h"
#include "api/piston/body.h"
#include "api/sieve.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/strv.h"
#include "config/config.h"
#include "metrics/metrics.h"
#include "model/job.h"
#include "model/runtime.h"
#include "runtimes/runtimes.h"

void order_cancel(struct order *o)
{
    runtimes_cancel(TAKE(&o->wait, NULL));
    sieve_cancel(TAKE(&o->look, NULL));
    job_free(TAKE(&o->job, NULL));
    json_decref(TAKE(&o->body, NULL));
}

static void tell(struct order *o, struct job *job, const char *why)
{
    json_decref(TAKE(&o->body, NULL));
    o->fn(o->ctx, job, why);
}

static void tell_unknown(struct order *o)
{
    const char *language = json_string_value(json_object_get(o->body, "language"));
    const char *version = json_string_value(json_object_get(o->body, "version"));
    AUTO(mem_freep)
    char *text = o->style == PISTON_GATEWAY
                     ? xstrdup("Supplied language is not supported by Piston")
                     : xasprintf("%s-%s runtime is unknown", language, version);
    tell(o, NULL, text);
}

/* In the order of Piston's checks. */
static int job_fill(const struct order *o, const struct runtime *runtime, struct job *job,
                    struct err *e)
{
    int r = body_check_encodings(o->body, runtime, e);
    if (r == 0) {
        limits_configured(o->piston->api->config, o->piston->overrides, runtime, &job->compile,
                          &job->run);
        gate_lower(&o->caller->limits.compile, &job->compile);
        gate_lower(&o->caller->limits.run, &job->run);
        r = limits_request(o->body, o->style != PISTON_V2, &job->compile, &job->run, e);
    }
    if (r == 0) {
        r = body_fill_job(o->body, o->style, runtime, job, e);
    }
    if (r == 0 && job->file_count > job->run.disk_inodes) {
        r = err_set(e, ERR_LIMIT, "files cannot exceed the configured limit of %llu",
                    (unsigned long long)job->run.disk_inodes);
    }
    return r;
}

static void job_finish(const struct order *o, struct runtime *runtime, struct job *job)
{
    if (o->style == PISTON_V1) { /* its name then for what is PISTON_LANGUAGE now */
        const char *alias = json_string_value(json_object_get(o->body, "language"));
        strv_add_take(&job->env, xasprintf("PISTON_ALIAS=%s", alias));
        job->env_is_ours = true; /* it is one of the runtime's names, else there were no runtime */
    }
    ulid_make(clock_wall_ns(&clock_system) / NS_PER_MS, job->id);
    memcpy(job->dialect, "piston", sizeof("piston"));
    job->caller = xstrdup(o->caller->name);
    job->runtime = runtime_ref(runtime);
    job->priority = JOB_INTERACTIVE;
    job->on_output_limit = JOB_OUTPUT_STOP;
    job->stdio = JOB_STDIO_PIPE;
    job->keep_output = true;
    job->network = job->compile_network = gate_network(o->piston->api->gate, o->caller->name);
    job->shell_status = o->piston->api->config->shell_status;
}

static void on_looked(void *ctx, const struct sieve_violation *found, size_t count)
{
    struct order *o = ctx;
    AUTO(job_freep) struct job *job = TAKE(&o->job, NULL);
    AUTO(buf_done) struct buf text = {0};
    o->look = NULL;
    if (count == 0) {
        tell(o, TAKE(&job, NULL), NULL);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        buf_add_fmt(&text, "%s%s: %s", i > 0 ? "; " : "", job->files[found[i].text].name,
                    found[i].message);
    }
    metrics_add(o->piston->api->metrics, METRIC_REFUSED, METRIC_LABELS("sieve"), 1);
    tell(o, NULL, text.data);
}

/* What is no source is not looked at. */
static void look(struct order *o, struct job *job)
{
    AUTO(mem_freep) struct sieve_text *texts = xcalloc(job->file_count + 1, sizeof(*texts));
    for (size_t i = 0; i < job->file_count; i++) {
        const struct job_file *f = &job->files[i];
        texts[i] = (struct sieve_text){f->name, f->data, f->code ? f->size : 0};
    }
    o->job = job;
    o->look = sieve_look(o->piston->api->sieve, texts, job->file_count, on_looked, o);
}

static void go_on(struct order *o, struct runtime *runtime)
{
    struct err e = {0};
    if (runtime == NULL) {
        tell_unknown(o);
        return;
    }
    AUTO(job_freep) struct job *job = job_new();
    if (job_fill(o, runtime, job, &e) < 0) {
        tell(o, NULL, e.text);
        return;
    }
    job_finish(o, runtime, job);
    if (sieve_is_on(o->piston->api->sieve)) {
        look(o, TAKE(&job, NULL));
    } else {
        tell(o, TAKE(&job, NULL), NULL);
    }
}

static void on_found(void *ctx, struct runtime *found)
{
    struct order *o = ctx;
    o->wait = NULL;
    go_on(o, found);
}

static bool has_nul(const json_t *v)
{
    return strlen(json_string_value(v)) != json_string_length(v);
}

void order_begin(struct order *o, struct piston *p, const struct caller *caller,
                 enum piston_style style, json_t *body, order_fn *fn, void *ctx)
{
    const json_t *language = json_object_get(body, "language"),
                 *version = json_object_get(body, "version");
    struct runtimes *all = p->api->runtimes;
    *o = (struct order){
        .piston = p, .caller = caller, .style = style, .body = body, .fn = fn, .ctx = ctx};
    if (has_nul(language) || has_nul(version)) {
        go_on(o, NULL);
        return;
    }
    bool known = false;
    struct runtime *found =
        runtimes_peek(all, json_string_value(language), json_string_value(version), &known);
    if (known || found != NULL) {
        go_on(o, found);
        runtime_unref(found);
        return;
    }
    o->wait =
        runtimes_find(all, json_string_value(language), json_string_value(version), on_found, o);
}
