/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dialects behind a real HTTP server, with an engine and a catalogue of runtimes that do what
 * the test says: the functions below take the place of those in engine/, runtimes/ and sandbox/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"
#include "gated.h"

#include "api/api.h"
#include "api/packages.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "boxproto/boxproto.h"
#include "config/config.h"
#include "engine/engine.h"
#include "engine/executions.h"
#include "http/http.h"
#include "model/runtime.h"
#include "runtimes/runtimes.h"
#include "sandbox/doctor.h"
#include "sandbox/sandbox.h"

/* What the fakes share with the test. */
struct engine {
    struct engine_observer observer;
    struct job *job; /* submitted, not finished */
    int refuse;      /* the error that engine_submit gives */
    unsigned cancelled;
};

struct runtimes {
    struct runtime *all[2];
    bool known; /* runtimes_peek answers */
    runtimes_found_fn *found;
    runtimes_listed_fn *listed;
    void *ctx;
    unsigned cancelled;
};

/* The steward: what it was asked, until the test tells the end. */
struct packages {
    enum steward_op op;
    char words[200];
    void (*end)(void *ctx, const json_t *last); /* NULL: nothing is asked */
    void *ctx;
    unsigned forgotten;
};

struct packages_ask *packages_ask(struct packages *p, const struct packages_question *q,
                                  const struct packages_events *events)
{
    p->op = q->op;
    p->words[0] = '\0';
    for (size_t i = 0; i < q->word_count; i++) {
        size_t len = strlen(p->words);
        assert_int_equal(q->words[i].kind, STEWARD_PACKAGE);
        snprintf(p->words + len, sizeof(p->words) - len, "%s%s", i > 0 ? " " : "",
                 q->words[i].text);
    }
    p->end = events->end;
    p->ctx = events->ctx;
    return (struct packages_ask *)(void *)p;
}

void packages_forget(struct packages_ask *ask)
{
    struct packages *p = (struct packages *)(void *)ask;
    if (p != NULL) {
        p->forgotten++;
        p->end = NULL;
    }
}

int packages_error(const json_t *last, struct err *e)
{
    const char *message = json_string_value(json_object_get(last, "message"));
    int kind = (int)json_integer_value(json_object_get(last, "kind"));
    return message != NULL ? err_set(e, (enum err_kind)kind, "%s", message) : 0;
}

bool packages_refused(const json_t *last)
{
    (void)last;
    return false;
}

int engine_submit(struct engine *e, struct job *job, const struct engine_observer *observer,
                  struct engine_job **ret, struct err *err)
{
    if (e->refuse != 0) {
        job_free(job);
        return err_set(err, (enum err_kind)e->refuse, "the queue is full");
    }
    e->job = job;
    e->observer = *observer;
    *ret = (struct engine_job *)(void *)e;
    return 0;
}

void engine_job_cancel(struct engine_job *j, bool silent)
{
    struct engine *e = (struct engine *)(void *)j;
    assert_true(silent);
    e->cancelled++;
    job_free(e->job);
    e->job = NULL;
}

struct engine_ready *engine_ready(struct engine *e, uint64_t fresh_ns, engine_ready_fn *fn,
                                  void *ctx)
{
    (void)fresh_ns;
    (void)fn;
    (void)ctx;
    return (struct engine_ready *)(void *)e;
}

void engine_ready_cancel(struct engine_ready *r)
{
    (void)r;
}

unsigned executions_waiting_of(const struct executions *e, const char *caller)
{
    (void)e;
    (void)caller;
    return 2;
}

/* Nobody talks to a program here: these are what a WebSocket needs. */
void engine_job_stdin(struct engine_job *j, const void *data, size_t len)
{
    (void)j;
    (void)data;
    (void)len;
}

void engine_job_stdin_end(struct engine_job *j)
{
    (void)j;
}

size_t engine_job_stdin_pending(const struct engine_job *j)
{
    (void)j;
    return 0;
}

void engine_job_signal(struct engine_job *j, int signo)
{
    (void)j;
    (void)signo;
}

void engine_job_resize(struct engine_job *j, uint16_t rows, uint16_t columns)
{
    (void)j;
    (void)rows;
    (void)columns;
}

void engine_job_resume(struct engine_job *j, enum engine_stream stream)
{
    (void)j;
    (void)stream;
}

struct engine_stats engine_stats(const struct engine *e)
{
    (void)e;
    return (struct engine_stats){.slots = 4, .running = 1, .queued = 2, .boxes = 3, .finished = 7};
}

static struct runtime *lookup(struct runtimes *r, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(r->all); i++) {
        if (runtime_has_name(r->all[i], name)) {
            return r->all[i];
        }
    }
    return NULL;
}

struct runtime *runtimes_peek(struct runtimes *r, const char *name, const char *range,
                              bool *ret_known)
{
    (void)range;
    struct runtime *found = lookup(r, name);
    *ret_known = r->known;
    return r->known && found != NULL ? runtime_ref(found) : NULL;
}

struct runtimes_wait *runtimes_find(struct runtimes *r, const char *name, const char *range,
                                    runtimes_found_fn *fn, void *ctx)
{
    (void)name;
    (void)range;
    r->found = fn;
    r->ctx = ctx;
    return (struct runtimes_wait *)(void *)r;
}

struct runtimes_wait *runtimes_list(struct runtimes *r, runtimes_listed_fn *fn, void *ctx)
{
    r->listed = fn;
    r->ctx = ctx;
    return (struct runtimes_wait *)(void *)r;
}

void runtimes_read_installed(struct runtimes *r)
{
    (void)r;
}

void runtimes_cancel(struct runtimes_wait *w)
{
    struct runtimes *r = (struct runtimes *)(void *)w;
    if (r != NULL) {
        r->cancelled++;
    }
}

const struct box_boxd_hello *sandbox_hello(const struct sandbox *s)
{
    static const struct box_boxd_hello hello = {.cgroup = BOX_CGROUP_V2, .boxes = 16};
    (void)s;
    return &hello;
}

unsigned sandbox_live(const struct sandbox *s)
{
    (void)s;
    return 3;
}

unsigned doctor_rows(const struct box_boxd_hello *hello, const char *cgroup_lack,
                     struct doctor_row rows[DOCTOR_ROWS_MAX])
{
    (void)hello;
    (void)cgroup_lack;
    rows[0] = (struct doctor_row){
        .feature = "memory limit", .state = DOCTOR_OK, .meaning = "", .remedy = ""};
    rows[1] = (struct doctor_row){
        .feature = "landlock", .state = DOCTOR_MISSING, .meaning = "one fence less", .remedy = ""};
    return 2;
}

const char *doctor_state_name(enum doctor_state state)
{
    return state == DOCTOR_MISSING ? "missing" : "weaker";
}

/* The fixture */

struct fixture {
    struct gated gated;
    struct loop *loop;
    struct config config;
    struct engine engine;
    struct runtimes runtimes;
    struct packages packages;
    struct api api;
    struct http_dialect piston, common;
    struct http_server *server;
    struct address address;
};

static struct runtime *runtime_make(const char *language, const char *version, const char *alias)
{
    struct runtime *r = runtime_new();
    r->language = xstrdup(language);
    r->version = xstrdup(version);
    strv_add(&r->aliases, alias);
    return r;
}

static void server_start(struct fixture *f)
{
    static const char *const listen[] = {"127.0.0.1:0", NULL};
    struct http_config config = {
        .listen = listen,
        .listen_optional_from = 1,
        .body_max = 100000,
        .connections_max = 100,
        .header_timeout_s = 20,
        .keep_alive_s = 20,
        .check_origin = true,
    };
    const struct http_dialect *const dialects[] = {&f->piston, &f->common};
    struct err e = {0};
    if (http_server_new(f->loop, &config, dialects, 2, NULL, &f->server, &e) < 0) {
        fail_msg("%s", e.text);
    }
    assert_int_equal(address_parse(http_server_addresses(f->server)[0], &f->address, &e), 0);
}

static int setup(void **state)
{
    static char header[] = "X-Auth-Token";
    struct fixture *f = xcalloc(1, sizeof(*f));
    struct err e = {0};
    assert_int_equal(loop_new(&f->loop, &e), 0);
    f->config = (struct config){
        .limit_overrides = (char[]){""},
        .judge0_authn_header = header,
        .run_wall_ms = 2000,
        .disk_inodes = 5,
    };
    f->runtimes.known = true;
    f->runtimes.all[0] = runtime_make("c", "12.2.0", "gcc");
    f->runtimes.all[1] = runtime_make("python", "3.11.2", "py");
    f->api = (struct api){
        .loop = f->loop,
        .config = &f->config,
        .engine = &f->engine,
        .runtimes = &f->runtimes,
        .packages = &f->packages,
        .sandbox = (struct sandbox *)(void *)f, /* only its address is looked at */
    };
    gated_open(&f->gated, &f->api);
    common_dialect(&f->api, &f->common);
    assert_int_equal(piston_dialect(&f->api, &f->piston, &e), 0);
    server_start(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    http_server_free(f->server);
    common_dialect_done(&f->common);
    piston_dialect_done(&f->piston);
    gated_close(&f->gated, &f->api);
    job_free(f->engine.job);
    runtime_unref(f->runtimes.all[0]);
    runtime_unref(f->runtimes.all[1]);
    loop_free(f->loop);
    free(f);
    return 0;
}

static int post(struct fixture *f, const char *method, const char *path, const char *type,
                const char *body)
{
    AUTO(mem_freep)
    char *text =
        xasprintf("%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s%sContent-Length: %zu\r\n\r\n%s",
                  method, path, type != NULL ? "Content-Type: " : "", type != NULL ? type : "",
                  type != NULL ? "\r\n" : "", strlen(body), body);
    int fd = client_dial(&f->address);
    client_say(f->loop, fd, text, strlen(text));
    return fd;
}

static char *answer_of(struct fixture *f, int fd)
{
    AUTO(buf_done) struct buf in = {0};
    AUTO(fd_closep) int owned = fd;
    return client_hear(f->loop, owned, &in);
}

static void expect(struct fixture *f, int fd, unsigned status, const char *body)
{
    char start[32];
    AUTO(mem_freep) char *answer = answer_of(f, fd);
    snprintf(start, sizeof(start), "HTTP/1.1 %u ", status);
    const char *got = strstr(answer, "\r\n\r\n");
    assert_non_null(got);
    if (!str_starts(answer, start) || strcmp(got + 4, body) != 0) {
        fail_msg("wanted: %u %s\ngot: %s", status, body, answer);
    }
}

#define JSON "application/json"
#define RUN  "{\"language\":\"python\",\"version\":\"*\",\"files\":[{\"content\":\"x\"}]}"

static void wait_for_job(struct fixture *f)
{
    while (f->engine.job == NULL) {
        client_step(f->loop);
    }
}

static void finish(struct fixture *f, struct result *result)
{
    job_free(TAKE(&f->engine.job, NULL));
    f->engine.observer.finished(f->engine.observer.ctx, result);
    result_done(result);
}

static struct result fine_result(void)
{
    struct result r;
    result_init(&r);
    r.run.ran = true;
    r.run.exit_code = 0;
    return r;
}

static void test_job_is_built_from_the_body(void **state)
{
    struct fixture *f = *state;
    f->config.shell_status = true;
    AUTO(fd_closep) int fd = post(f, "POST", "/api/v2/execute", JSON, RUN);
    assert_true(fd >= 0);
    wait_for_job(f);
    const struct job *job = f->engine.job;
    assert_string_equal(job->runtime->language, "python");
    assert_string_equal(job->dialect, "piston");
    assert_int_equal(strlen(job->id), 26);
    assert_int_equal(job->file_count, 1);
    assert_int_equal(job->run.wall_ms, 2000);
    assert_true(job->keep_output);
    assert_true(job->shell_status);
    assert_false(job->stdin_open);
    assert_int_equal(job->on_output_limit, JOB_OUTPUT_STOP);
}

static void test_result_is_answered(void **state)
{
    struct fixture *f = *state;
    int fd = post(f, "POST", "/api/v2/piston/execute", JSON, RUN);
    wait_for_job(f);
    struct result r = fine_result();
    finish(f, &r);
    expect(
        f, fd, 200,
        "{\"run\":{\"signal\":null,\"stdout\":\"\",\"stderr\":\"\",\"code\":0,\"output\":\"\","
        "\"memory\":null,"
        "\"message\":null,\"status\":null,\"cpu_time\":0,\"wall_time\":0},\"language\":\"python\","
        "\"version\":\"3.11.2\"}");
}

static void test_unknown_runtime_is_told_as_sent(void **state)
{
    struct fixture *f = *state;
    static const char body[] = "{\"language\":\"Python\",\"version\":\"la\\ntest\",\"files\":[]}";
    expect(f, post(f, "POST", "/api/v2/execute", JSON, body), 400,
           "{\"message\":\"Python-la\\ntest runtime is unknown\"}");
    static const char nul[] = "{\"language\":\"python\\u0000x\",\"version\":\"*\",\"files\":[]}";
    expect(f, post(f, "POST", "/api/v2/execute", JSON, nul), 400,
           "{\"message\":\"python-* runtime is unknown\"}");
}

static void test_runtime_that_must_be_asked_for_is_waited_for(void **state)
{
    struct fixture *f = *state;
    f->runtimes.known = false;
    int fd = post(f, "POST", "/api/v2/execute", JSON, RUN);
    while (f->runtimes.found == NULL) {
        client_step(f->loop);
    }
    assert_null(f->engine.job);
    f->runtimes.found(f->runtimes.ctx, f->runtimes.all[1]);
    wait_for_job(f);
    struct result r = fine_result();
    finish(f, &r);
    AUTO(mem_freep) char *answer = answer_of(f, fd);
    assert_true(str_starts(answer, "HTTP/1.1 200 "));
}

static void test_client_that_leaves_cancels_its_search(void **state)
{
    struct fixture *f = *state;
    f->runtimes.known = false;
    int fd = post(f, "POST", "/api/v2/execute", JSON, RUN);
    while (f->runtimes.found == NULL) {
        client_step(f->loop);
    }
    close(fd);
    while (f->runtimes.cancelled == 0) {
        client_step(f->loop);
    }
    assert_int_equal(f->runtimes.cancelled, 1);
}

static void test_client_that_leaves_cancels_its_job(void **state)
{
    struct fixture *f = *state;
    int fd = post(f, "POST", "/api/v2/execute", JSON, RUN);
    wait_for_job(f);
    close(fd);
    while (f->engine.cancelled == 0) {
        client_step(f->loop);
    }
    assert_int_equal(f->engine.cancelled, 1);
}

static void test_full_queue_is_503_with_retry_after(void **state)
{
    struct fixture *f = *state;
    f->engine.refuse = ERR_BUSY;
    AUTO(mem_freep) char *answer = answer_of(f, post(f, "POST", "/api/v2/execute", JSON, RUN));
    assert_true(str_starts(answer, "HTTP/1.1 503 "));
    assert_non_null(strstr(answer, "\r\nRetry-After: 1\r\n"));
    assert_true(str_ends(answer, "{\"message\":\"the queue is full\"}"));
}

static void test_job_that_could_not_start_is_500_with_the_reason(void **state)
{
    struct fixture *f = *state;
    int fd = post(f, "POST", "/api/v2/execute", JSON, RUN);
    wait_for_job(f);
    struct result r;
    result_init(&r);
    r.verdict = VERDICT_INTERNAL_ERROR;
    snprintf(r.run.reason, sizeof(r.run.reason), "no cgroup");
    finish(f, &r);
    expect(f, fd, 500, "{\"message\":\"no cgroup\"}");
}

static void test_cancelled_job_is_503(void **state)
{
    struct fixture *f = *state;
    int fd = post(f, "POST", "/api/v2/execute", JSON, RUN);
    wait_for_job(f);
    struct result r;
    result_init(&r);
    r.verdict = VERDICT_CANCELLED;
    finish(f, &r);
    AUTO(mem_freep) char *answer = answer_of(f, fd);
    assert_true(str_starts(answer, "HTTP/1.1 503 "));
}

static void test_types_other_than_json_are_415_before_routing(void **state)
{
    struct fixture *f = *state;
    static const char refusal[] = "{\"message\":\"requests must be of type application/json\"}";
    static const char *const bad[] = {NULL, "Application/JSON",
                                      "application/x-www-form-urlencoded"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        expect(f, post(f, "POST", "/api/v2/execute", bad[i], RUN), 415, refusal);
        expect(f, post(f, "POST", "/api/v2/nowhere", bad[i], RUN), 415, refusal);
        expect(f, post(f, "PUT", "/api/v2/execute", bad[i], RUN), 415, refusal);
    }
    expect(f, post(f, "POST", "/api/v2/execute", "application/jsonx", RUN), 400,
           "{\"message\":\"language is required as a string\"}");
}

static void test_plain_text_is_taken_without_an_origin_only(void **state)
{
    struct fixture *f = *state;
    int fd = post(f, "POST", "/api/v2/execute", "text/plain; charset=utf-8", "{}");
    expect(f, fd, 400, "{\"message\":\"language is required as a string\"}");
    fd = post(f, "POST", "/api/v2/execute", "text/plain\r\nOrigin: http://localhost", "{}");
    expect(f, fd, 415, "{\"message\":\"requests must be of type application/json\"}");
    fd = post(f, "POST", "/api/v1/piston/execute", "text/plain\r\nOrigin: http://localhost",
              "{\"language\":\"python\",\"source\":\"\"}");
    expect(f, fd, 400, "{\"message\":\"Supplied language is not supported by Piston\"}");
}

static void test_bodies_that_are_no_object(void **state)
{
    struct fixture *f = *state;
    static const char missing[] = "{\"message\":\"language is required as a string\"}";
    expect(f, post(f, "POST", "/api/v2/execute", JSON, ""), 400, missing);
    expect(f, post(f, "POST", "/api/v2/execute", JSON, "[1]"), 400, missing);
    expect(f, post(f, "POST", "/api/v2/execute", JSON, "5"), 400,
           "{\"message\":\"bad JSON: the body must be an object\"}");
}

static void test_too_many_files_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char body[] =
        "{\"language\":\"python\",\"version\":\"*\",\"files\":[{\"content\":\"\"},"
        "{\"content\":\"\"},{\"content\":\"\"},{\"content\":\"\"},{\"content\":\"\"},"
        "{\"content\":\"\"}]}";
    expect(f, post(f, "POST", "/api/v2/execute", JSON, body), 400,
           "{\"message\":\"files cannot exceed the configured limit of 5\"}");
}

static void test_too_large_body_is_400_with_a_message(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *body = xcalloc(1, 150001);
    memset(body, ' ', 150000);
    AUTO(mem_freep) char *answer = answer_of(f, post(f, "POST", "/api/v2/execute", JSON, body));
    assert_true(str_starts(answer, "HTTP/1.1 400 "));
    assert_non_null(strstr(answer, "{\"message\":\"the request body is larger than 100000 bytes"));
}

static void listing(struct fixture *f, const char *path, const char *body)
{
    int fd = post(f, "GET", path, NULL, "");
    f->runtimes.listed = NULL;
    while (f->runtimes.listed == NULL) {
        client_step(f->loop);
    }
    f->runtimes.listed(f->runtimes.ctx, f->runtimes.all, 2);
    expect(f, fd, 200, body);
}

static void test_lists_have_the_keys_of_their_time(void **state)
{
    struct fixture *f = *state;
    static const char today[] =
        "[{\"language\":\"c\",\"version\":\"12.2.0\",\"aliases\":[\"gcc\"]},"
        "{\"language\":\"python\",\"version\":\"3.11.2\",\"aliases\":[\"py\"]}]";
    listing(f, "/api/v2/runtimes", today);
    listing(f, "/API/v2/Runtimes/", today);
    listing(f, "/api/v2/piston/runtimes", today);
    listing(f, "/api/v1/runtimes", today);
    listing(f, "/api/v1/piston/versions",
            "[{\"name\":\"c\",\"aliases\":[\"gcc\"],\"version\":\"12.2.0\"},"
            "{\"name\":\"python\",\"aliases\":[\"py\"],\"version\":\"3.11.2\"}]");
    f->runtimes.all[1]->package = xstrdup("cpython");
    listing(f, "/api/v2/runtimes",
            "[{\"language\":\"c\",\"version\":\"12.2.0\",\"aliases\":[\"gcc\"]},"
            "{\"language\":\"python\",\"version\":\"3.11.2\",\"aliases\":[\"py\"],\"runtime\":"
            "\"cpython\"}]");
}

/* --- packages --------------------------------------------------------------------------------- */

static void asked(struct fixture *f, enum steward_op op, const char *words)
{
    while (f->packages.end == NULL) {
        client_step(f->loop);
    }
    assert_int_equal(f->packages.op, op);
    assert_string_equal(f->packages.words, words);
}

static void tell(struct fixture *f, const char *last)
{
    json_error_t error;
    json_t *json = json_loads(last, 0, &error);
    void (*end)(void *ctx, const json_t *last) = f->packages.end;
    assert_non_null(json);
    f->packages.end = NULL;
    end(f->packages.ctx, json);
    json_decref(json);
}

static void list(struct fixture *f)
{
    while (f->runtimes.listed == NULL) {
        client_step(f->loop);
    }
    runtimes_listed_fn *fn = f->runtimes.listed;
    f->runtimes.listed = NULL;
    fn(f->runtimes.ctx, f->runtimes.all, 2);
}

/* A change, up to where it is known what `name` and `range` mean. */
static int change(struct fixture *f, const char *method, const char *name, const char *range,
                  const char *word, const char *meaning)
{
    AUTO(mem_freep)
    char *body = xasprintf("{\"language\":\"%s\",\"version\":\"%s\"}", name, range);
    int fd = post(f, method, "/api/v2/packages", JSON, body);
    asked(f, STEWARD_AVAILABLE, word);
    tell(f, meaning);
    return fd;
}

#define CHOSEN(language, version, word)                                                            \
    "{\"chosen\":[{\"language\":\"" language "\",\"language_version\":\"" version                  \
    "\",\"word\":\"" word "\"}]}"
#define MESSAGE(text) "{\"message\":\"" text "\"}"

static void test_packages_are_what_the_steward_and_the_host_have(void **state)
{
    struct fixture *f = *state;
    int fd = post(f, "GET", "/api/v2/packages", NULL, "");
    asked(f, STEWARD_AVAILABLE, "");
    tell(f, "{\"packages\":[{\"language\":\"lua\",\"language_version\":\"5.4.4\"}]}");
    list(f);
    expect(f, fd, 200,
           "[{\"language\":\"c\",\"language_version\":\"12.2.0\",\"installed\":true},"
           "{\"language\":\"lua\",\"language_version\":\"5.4.4\",\"installed\":false},"
           "{\"language\":\"python\",\"language_version\":\"3.11.2\",\"installed\":true}]");
}

static void test_packages_are_those_of_the_host_when_nobody_tells_others(void **state)
{
    struct fixture *f = *state;
    int fd = post(f, "GET", "/api/v1/packages", NULL, "");
    asked(f, STEWARD_AVAILABLE, "");
    tell(f, "{\"kind\":5,\"message\":\"it is gone\"}");
    list(f);
    expect(f, fd, 200,
           "[{\"language\":\"c\",\"language_version\":\"12.2.0\",\"installed\":true},"
           "{\"language\":\"python\",\"language_version\":\"3.11.2\",\"installed\":true}]");
}

static void test_package_is_installed_by_what_its_name_means(void **state)
{
    struct fixture *f = *state;
    int fd = change(f, "POST", "lua", "^5", "lua=^5", CHOSEN("lua", "5.4.4", "lua/5.4"));
    list(f);
    asked(f, STEWARD_INSTALL, "lua/5.4");
    tell(f, "{\"installed\":[{\"version\":\"5.4.4\",\"made\":true}]}");
    expect(f, fd, 200, "{\"language\":\"lua\",\"version\":\"5.4.4\"}");
}

static void test_package_that_is_there_is_not_installed(void **state)
{
    struct fixture *f = *state;
    int fd = change(f, "POST", "python", "*", "python", CHOSEN("python", "3.11.2", "python/3.11"));
    list(f);
    expect(f, fd, 500, MESSAGE("Already installed"));
    fd = change(f, "POST", "lua", "*", "lua", CHOSEN("lua", "5.4.4", "lua/5.4"));
    list(f);
    asked(f, STEWARD_INSTALL, "lua/5.4");
    tell(f, "{\"installed\":[{\"version\":\"5.4.4\",\"made\":false}]}");
    expect(f, fd, 500, MESSAGE("Already installed"));
}

static void test_package_that_nobody_has_is_404(void **state)
{
    struct fixture *f = *state;
    static const char none[] = "{\"chosen_error\":{\"kind\":\"not_found\",\"message\":\"no\"}}";
    expect(f, change(f, "POST", "zig", "1", "zig=1", none), 404,
           MESSAGE("Requested package zig-1 does not exist"));
    int fd = change(f, "DELETE", "zig", "1", "zig=1", none);
    list(f);
    expect(f, fd, 404, MESSAGE("Requested package zig-1 does not exist"));
    fd = post(f, "POST", "/api/v2/packages", JSON, "{\"language\":\"a=b\",\"version\":\"1\"}");
    expect(f, fd, 404, MESSAGE("Requested package a=b-1 does not exist"));
    fd = post(f, "DELETE", "/api/v1/packages/zig/latest", JSON, "");
    expect(f, fd, 404, MESSAGE("Requested package zig-latest does not exist"));
}

static void test_index_that_cannot_be_had_is_500(void **state)
{
    struct fixture *f = *state;
    f->config.piston_repo = (char[]){"http://x/i"};
    int fd = change(f, "POST", "zig", "*", "zig",
                    "{\"chosen_error\":{\"kind\":\"io\",\"message\":\"refused\"}}");
    expect(f, fd, 500, MESSAGE("request to http://x/i failed, reason: refused"));
}

static void test_failed_installation_says_why(void **state)
{
    struct fixture *f = *state;
    int fd = change(f, "POST", "lua", "*", "lua", CHOSEN("lua", "5.4.4", "lua/5.4"));
    list(f);
    asked(f, STEWARD_INSTALL, "lua/5.4");
    tell(f, "{\"kind\":5,\"message\":\"no room is left\"}");
    expect(f, fd, 500, MESSAGE("no room is left"));
}

static void test_full_queue_of_changes_is_503(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep)
    char *busy = xasprintf("{\"kind\":%d,\"message\":\"later\"}", (int)ERR_BUSY);
    expect(f, change(f, "POST", "lua", "*", "lua", busy), 503, MESSAGE("later"));
}

static void test_installed_package_is_removed(void **state)
{
    struct fixture *f = *state;
    int fd = change(f, "DELETE", "lua", "5.x", "lua=5.x",
                    "{\"installed\":[{\"id\":\"lua/5.4\"}],\"chosen_error\":{\"kind\":\"io\"}}");
    asked(f, STEWARD_REMOVE, "lua/5.4");
    tell(f, "{\"removed\":[{\"id\":\"lua/5.4\",\"version\":\"5.4.4\"}]}");
    expect(f, fd, 200, "{\"language\":\"lua\",\"version\":\"5.4.4\"}");
}

static void test_package_that_is_not_installed_cannot_be_removed(void **state)
{
    struct fixture *f = *state;
    int fd = change(f, "DELETE", "lua", "*", "lua", CHOSEN("lua", "5.4.4", "lua/5.4"));
    list(f);
    expect(f, fd, 500, MESSAGE("lua-5.4.4 is not installed"));
    f->runtimes.all[1]->source = xstrdup(RUNTIME_OF_HOST);
    fd = change(f, "DELETE", "python", "3.x", "python=3.x", "{}");
    list(f);
    expect(f, fd, 501,
           MESSAGE("python-3.11.2 belongs to the host: remove it with the host's package manager"));
}

static void test_client_that_leaves_forgets_its_installation(void **state)
{
    struct fixture *f = *state;
    int fd = change(f, "POST", "lua", "*", "lua", CHOSEN("lua", "5.4.4", "lua/5.4"));
    list(f);
    asked(f, STEWARD_INSTALL, "lua/5.4");
    close(fd);
    while (f->packages.forgotten == 0) {
        client_step(f->loop);
    }
    assert_int_equal(f->packages.forgotten, 1);
}

static void test_without_a_steward_nothing_is_changed(void **state)
{
    struct fixture *f = *state;
    f->api.packages = NULL;
    int fd = post(f, "POST", "/api/v2/packages", JSON, "{\"language\":\"lua\",\"version\":\"*\"}");
    expect(f, fd, 500, MESSAGE("there is nobody here who installs packages"));
}

static void test_unknown_paths_and_methods_are_404(void **state)
{
    struct fixture *f = *state;
    static const char *const paths[] = {"/api/v2/nowhere", "/api/v2/execute", "/api/v2/connect",
                                        "/api/v2",         "/nowhere",        "/api/v1/execute"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        expect(f, post(f, "GET", paths[i], NULL, ""), 404, "{\"message\":\"Not Found\"}");
    }
    expect(f, post(f, "PUT", "/api/v2/execute", JSON, RUN), 404, "{\"message\":\"Not Found\"}");
}

static void test_stats_say_how_much_there_is_to_do(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *answer = answer_of(f, post(f, "GET", "/stats", NULL, ""));
    assert_true(str_starts(answer, "HTTP/1.1 200 "));
    assert_non_null(
        strstr(answer, "{\"queue_size\":2,\"running\":1,\"idle_slots\":3,\"slots\":4,"));
    assert_non_null(strstr(answer, "\"boxes\":3,\"finished\":7,\"paused\":false"));
}

static void test_with_a_token_programs_and_stats_need_it(void **state)
{
    struct fixture *f = *state;
    static char one[] = "one", header[] = "X-Auth-Token", *tokens[] = {one, NULL};
    f->config.judge0_authn_header = header;
    f->config.judge0_authn_token = tokens;
    static const char *const paths[][2] = {
        {"POST", "/api/v2/execute"}, {"GET", "/api/v2/runtimes"}, {"GET", "/stats"}};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        AUTO(mem_freep)
        char *answer = answer_of(f, post(f, paths[i][0], paths[i][1], "application/json", "{}"));
        assert_true(str_starts(answer, "HTTP/1.1 401 "));
        assert_non_null(strstr(answer, "{\"message\":\"a key is needed here"));
    }
    static const char *const open[] = {"/", "/health"};
    for (size_t i = 0; i < ARRAY_LEN(open); i++) {
        AUTO(mem_freep) char *answer = answer_of(f, post(f, "GET", open[i], NULL, ""));
        assert_false(str_starts(answer, "HTTP/1.1 401 "));
    }
}

static void test_root_and_health(void **state)
{
    struct fixture *f = *state;
    expect(f, post(f, "GET", "/", NULL, ""), 200,
           "{\"message\":\"belljar " BELLJAR_VERSION "\",\"version\":\"" BELLJAR_VERSION "\"}");
    expect(f, post(f, "GET", "/health", NULL, ""), 200,
           "{\"status\":\"ok\",\"message\":\"programs can run\",\"version\":\"" BELLJAR_VERSION
           "\",\"sandbox\":{\"cgroup\":\"v2\",\"boxes\":3,\"boxes_max\":16,\"weaker\":[{"
           "\"feature\":\"landlock\","
           "\"state\":\"missing\",\"meaning\":\"one fence "
           "less\"}]},\"engine\":{\"slots\":4,\"running\":1,"
           "\"queued\":2,\"boxes\":3,\"finished\":7}}");
    f->api.sandbox = NULL;
    AUTO(mem_freep) char *answer = answer_of(f, post(f, "GET", "/health", NULL, ""));
    assert_true(str_starts(answer, "HTTP/1.1 503 "));
    assert_non_null(strstr(answer, "\"status\":\"degraded\""));
}

static void test_bad_overrides_stop_the_start(void **state)
{
    struct fixture *f = *state;
    struct http_dialect d = {0};
    struct err e = {0};
    f->config.limit_overrides = (char[]){"{\"c\":{\"x\":1}}"};
    assert_int_equal(piston_dialect(&f->api, &d, &e), -ERR_INVALID);
    assert_non_null(strstr(e.text, "c.x: no such limit"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_job_is_built_from_the_body),
        TEST(test_result_is_answered),
        TEST(test_unknown_runtime_is_told_as_sent),
        TEST(test_runtime_that_must_be_asked_for_is_waited_for),
        TEST(test_client_that_leaves_cancels_its_search),
        TEST(test_client_that_leaves_cancels_its_job),
        TEST(test_full_queue_is_503_with_retry_after),
        TEST(test_job_that_could_not_start_is_500_with_the_reason),
        TEST(test_cancelled_job_is_503),
        TEST(test_types_other_than_json_are_415_before_routing),
        TEST(test_plain_text_is_taken_without_an_origin_only),
        TEST(test_bodies_that_are_no_object),
        TEST(test_too_many_files_are_refused),
        TEST(test_too_large_body_is_400_with_a_message),
        TEST(test_lists_have_the_keys_of_their_time),
        TEST(test_packages_are_what_the_steward_and_the_host_have),
        TEST(test_packages_are_those_of_the_host_when_nobody_tells_others),
        TEST(test_package_is_installed_by_what_its_name_means),
        TEST(test_package_that_is_there_is_not_installed),
        TEST(test_package_that_nobody_has_is_404),
        TEST(test_index_that_cannot_be_had_is_500),
        TEST(test_failed_installation_says_why),
        TEST(test_full_queue_of_changes_is_503),
        TEST(test_installed_package_is_removed),
        TEST(test_package_that_is_not_installed_cannot_be_removed),
        TEST(test_client_that_leaves_forgets_its_installation),
        TEST(test_without_a_steward_nothing_is_changed),
        TEST(test_unknown_paths_and_methods_are_404),
        TEST(test_stats_say_how_much_there_is_to_do),
        TEST(test_with_a_token_programs_and_stats_need_it),
        TEST(test_root_and_health),
        TEST(test_bad_overrides_stop_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
