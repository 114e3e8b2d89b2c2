/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prove_jobs.h"

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/rand.h"
#include "cli/events.h"
#include "cli/native.h"
#include "cli/prove_row.h"
#include "cli/prove_run.h"
#include "config/config.h"

#define BATCH_MAX     50
#define CANCEL_ONE_IN 40

/* Of all kinds of ends, and of what a job can leave. */
static const struct {
    const char *language, *source, *request;
} jobs[] = {
    {"bash", "exit $((RANDOM % 256))", "{}"},
    {"bash", "kill -$((RANDOM % 31 + 1)) $$; echo alive", "{\"limits\": {\"wall_ms\": 100}}"},
    {"bash", "read a; echo $RANDOM $a", "{\"stdin\": \"1\\n2\\n\"}"},
    {"bash", "for i in 1 2 3 4 5; do sleep 50 & done", "{}"},
    {"bash", "for i in 1 2 3; do setsid sleep 50 & done; sleep 50",
     "{\"limits\": {\"wall_ms\": 30}}"},
    {"bash", "while :; do :; done", "{\"limits\": {\"cpu_ms\": 30}}"},
    {"bash", "head -c $((RANDOM * 90)) /dev/zero >/tmp/a; cp /tmp/a /dev/shm/b; echo full", "{}"},
    {"bash", "mkdir -p a/b/c; ln -s /etc/passwd l; mkfifo p; echo 1 >f; ln f g; chmod 0 a/b",
     "{\"artifacts\": [\"*\"]}"},
    {"bash", "head -c $((RANDOM * 9)) /dev/urandom", "{\"limits\": {\"output_bytes\": 65536}}"},
    {"bash", "yes >&2", "{\"limits\": {\"output_bytes\": 4096}}"},
    {"bash", "read a; test $a -lt 3",
     "{\"tests\": [{\"stdin\": \"1\\n\"}, {\"stdin\": \"5\\n\"}]}"},
    {"python", "x = bytearray(90 << 20); print(len(x))",
     "{\"limits\": {\"memory_bytes\": 33554432}}"},
    {"python",
     "import os, socket\n"
     "pair = socket.socketpair()\n"
     "fd = os.memfd_create('x')\n"
     "os.write(fd, b'x' * 1000000)\n"
     "socket.send_fds(pair[0], [b'x'], [fd] * 10)\n"
     "socket.create_server(('127.0.0.1', 0))\n"
     "os._exit(os.fork() and 3)\n",
     "{}"},
    {"python",
     "import ctypes, threading, time\n"
     "ctypes.CDLL(None).shmget(77, 100000, 0o1600)\n"
     "[threading.Thread(target=time.sleep, args=(50,), daemon=True).start() for _ in range(9)]\n",
     "{}"},
    {"c", "int main(void) { volatile int *p = 0; return *p; }", "{}"},
    {"c", "int main(void) { return x; }", "{}"},
};

struct batch {
    struct prove_run *run;
    json_t *requests, *answers;
    unsigned long failed;
    char *failure; /* what the first that failed said */
};

static void batch_done(struct batch *b)
{
    json_decref(b->requests);
    json_decref(b->answers);
    mem_freep(&b->failure);
}

static void request_add(struct batch *b)
{
    size_t which = rand_u64() % ARRAY_LEN(jobs);
    if (!prove_run_has_language(b->run, jobs[which].language)) {
        which = 0;
    }
    json_t *request = json_loads(jobs[which].request, 0, NULL);
    json_object_set_new(request, "language", json_string(jobs[which].language));
    json_object_set_new(request, "source", json_string(jobs[which].source));
    json_array_append_new(b->requests, request);
}

static int batch_send(struct batch *b, struct err *e)
{
    long status = 0;
    json_decref(TAKE(&b->answers, NULL));
    int r = remote_call(&b->run->remote, "POST", NATIVE_EXECUTIONS "/batch", b->requests, &status,
                        &b->answers, e);
    if (r == 0 && !json_is_array(b->answers)) {
        r = remote_refusal(&b->run->remote, status, b->answers, e);
    }
    return r;
}

static int cancel(struct batch *b, const json_t *execution, struct err *e)
{
    const char *id = json_string_value(json_object_get(execution, "id"));
    AUTO(mem_freep) char *path = xasprintf(NATIVE_EXECUTIONS "/%s", id ? id : "");
    AUTO(remote_json_freep) json_t *answer = NULL;
    long status = 0;
    return remote_call(&b->run->remote, "DELETE", path, NULL, &status, &answer, e);
}

static void failure_note(struct batch *b, const char *what)
{
    b->failed++;
    b->failure = b->failure ? b->failure : xstrdup(what ? what : "an answer without a verdict");
}

/* Any verdict is fine but that the engine itself failed. */
static int job_end(struct batch *b, json_t *submitted, struct err *e)
{
    json_t *answer = json_incref(submitted);
    int r = 0;
    if (!json_object_get(answer, "id")) {
        remote_refusal(&b->run->remote, 0, answer, e);
        failure_note(b, e->text);
    } else if (rand_u64() % CANCEL_ONE_IN == 0) {
        r = cancel(b, answer, e);
    } else {
        r = events_wait(&b->run->remote, &answer, e);
        const char *verdict = json_string_value(json_object_get(answer, "verdict"));
        if (r == 0 && (!verdict || strcmp(verdict, "internal_error") == 0)) {
            failure_note(b, json_string_value(json_object_get(answer, "reason")));
        }
    }
    json_decref(answer);
    return r;
}

static int batch_run(struct batch *b, unsigned long count, struct err *e)
{
    json_array_clear(b->requests);
    for (unsigned long i = 0; i < count; i++) {
        request_add(b);
    }
    int r = batch_send(b, e);
    for (size_t i = 0; r == 0 && i < json_array_size(b->answers); i++) {
        r = job_end(b, json_array_get(b->answers, i), e);
    }
    return r;
}

static void result_set(struct batch *b, unsigned long count, struct prove_row *ret)
{
    AUTO(buf_done) struct buf why = {0};
    if (b->failed > 0) {
        buf_add_fmt(&why, "%lu of %lu failed: %s; ", b->failed, count, b->failure);
    }
    bool clean = prove_settle(&b->run->host, &b->run->rested, &why);
    bool held = clean && b->failed == 0;
    prove_row_set(ret, held ? PROVE_HELD : PROVE_LEAKED, held ? "" : why.data);
}

int prove_jobs(struct prove_run *run, unsigned long count, struct prove_row *ret, struct err *e)
{
    AUTO(batch_done) struct batch b = {.run = run, .requests = json_array()};
    uint64_t started = clock_mono_ns(&clock_system), most = run->config->native_batch_max;
    most = most < BATCH_MAX ? most : BATCH_MAX;
    int r = 0;
    for (unsigned long left = count; r == 0 && left > 0;) {
        unsigned long now = left < most ? left : (unsigned long)most;
        r = batch_run(&b, now, e);
        left -= now;
    }
    if (r < 0) {
        return r;
    }
    ret->threat = xstrdup("all");
    ret->name = xasprintf("%lu random jobs", count);
    ret->defence = xstrdup("a box ends with all that is in it");
    ret->tries = xstrdup("all kinds of ends, and of what a job can leave");
    result_set(&b, count, ret);
    ret->seconds = (double)(clock_mono_ns(&clock_system) - started) / (double)NS_PER_S;
    return 0;
}
