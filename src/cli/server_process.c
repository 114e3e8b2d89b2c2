/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/server_process.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/api.h"
#include "api/expected.h"
#include "api/gate.h"
#include "api/packages.h"
#include "api/sieve.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/ip.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/strv.h"
#include "boxproto/weaken.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/data_dir.h"
#include "cli/host.h"
#include "cli/privileges.h"
#include "cli/server_fence.h"
#include "cli/server_filter.h"
#include "client/client.h"
#include "config/config.h"
#include "engine/engine.h"
#include "engine/executions.h"
#include "http/address.h"
#include "http/http.h"
#include "keys/keys.h"
#include "metrics/metrics.h"
#include "runtimes/runtimes.h"
#include "sandbox/doctor.h"
#include "sandbox/sandbox.h"
#include "store/store.h"

/* In the state directory, which is the working directory: no path leads there for our user. */
#define VERSIONS_FILE "versions"

#define STORE_READERS      2
#define STORE_MEMORY_BYTES (UINT64_C(256) << 20)
#define EXECUTIONS_CACHE   (UINT64_C(64) << 20)
/* While draining only: how often to look whether the last answer has been sent. */
#define ANSWERS_LOOK_NS (10 * NS_PER_MS)
/* After the grace time: for the answers to those whose programs were ended. */
#define LAST_ANSWERS_NS (200 * NS_PER_MS)

#define DIALECTS_MAX 4

struct server {
    const struct config *config;
    const struct log *log;
    struct loop *loop;
    int parent_sock, data_fd, unzip_fd, prepared_fd, packages_fd, steward_sock;
    struct loop_io parent_io;
    /* The last one, also when it is lost: its boxes are in use until there is another. api has it
     * while it works. */
    struct sandbox *sandbox;
    struct api api;
    struct expected *expected;
    struct client *client;
    struct http_dialect piston, judge0, native, common;
    bool piston_made, judge0_made, native_made;
    const struct http_dialect *dialects[DIALECTS_MAX];
    struct http_server *http;
    bool draining, executions_drained, engine_drained;
    struct loop_timer grace, answers;
    uint64_t weaken; /* of a test build */
};

static int sandbox_make(struct server *s, int boxd_sock, struct sandbox **ret, struct err *e)
{
    return sandbox_new(s->loop, boxd_sock, s->log, ret, e);
}

/* What this host does not give is said at each start, and refused when it is required. */
static int host_check(const struct server *s, const char *cgroup_lack, struct err *e)
{
    const struct box_boxd_hello *hello = sandbox_hello(s->sandbox);
    int r = doctor_require(hello, host_require(s->config, hello), e);
    if (r < 0) {
        host_table_print(hello, cgroup_lack);
        return r;
    }
    struct doctor_row rows[DOCTOR_ROWS_MAX];
    unsigned count = doctor_rows(hello, cgroup_lack, rows);
    for (unsigned i = 0; i < count; i++) {
        if (rows[i].state != DOCTOR_OK) {
            LOG_WARN(s->log, "this host does not give everything",
                     log_s("feature", rows[i].feature), log_s("meaning", rows[i].meaning));
        }
    }
    return 0;
}

static int client_make(struct server *s, struct err *e)
{
    static const char *const none[] = {NULL};
    const struct config *c = s->config;
    const struct client_config config = {
        .allow = c->callbacks_allow ? (const char *const *)c->callbacks_allow : none,
        .connections_max = (unsigned)c->callbacks_connections,
    };
    return client_new(s->loop, &config, s->log, &s->client, e);
}

static int gate_make(struct server *s, struct err *e)
{
    int r = keys_open(s->loop, s->data_fd, s->log, &s->api.keys, e);
    if (r == 0) {
        r = gate_new(&s->api, &s->api.gate, e);
    }
    return r < 0 ? r : sieve_new(s->loop, s->config, s->log, &s->api.sieve, e);
}

static void engine_make(struct server *s)
{
    const struct config *c = s->config;
    char unzip[32];
    snprintf(unzip, sizeof(unzip), "/proc/self/fd/%d", s->unzip_fd);
    const struct engine_config config = {
        .slots = host_slots(c),
        .batch_slots = (unsigned)c->batch_slots,
        .queue_max = (unsigned)c->queue_max,
        .queue_bytes = c->queue_bytes,
        .cpu_milli = config_cpu_milli(c),
        .product_max = c->product_max,
        .products = {.bytes = c->cache_bytes, .age_ns = c->cache_age_s * NS_PER_S},
        .products_shared = c->cache_scope == 1, /* the second word of options.def */
        .unzip = s->unzip_fd < 0 ? NULL : unzip,
        .paused = c->paused,
        .sessions = (unsigned)c->sessions,
        .running_max = gate_running_max,
        .cold = gate_cold,
        .callers_ctx = s->api.gate,
        .pool = {.boxes = (unsigned)c->pool_boxes,
                 .cores = host_cores(),
                 .memory_bytes = c->pool_memory_bytes,
                 .idle_ns = c->pool_idle_ms * NS_PER_MS,
                 .warm = c->pool_warm},
        .metrics = s->api.metrics,
        .weaken = s->weaken,
    };
    s->api.engine = engine_new(s->loop, s->api.sandbox, &config, s->log);
    unsigned sessions = engine_stats(s->api.engine).sessions_max;
    if (sessions < config.sessions) {
        LOG_WARN(s->log, "fewer interactive programs than engine.sessions says",
                 log_i("sessions", sessions), log_i("boxes", host_boxes(c)));
    }
}

static void executions_make(struct server *s)
{
    const struct executions_config config = {
        .cache_bytes = EXECUTIONS_CACHE,
        .waiting_bytes = s->config->queue_bytes,
        .max_age_s = s->config->store_max_age_s,
        .metrics = s->api.metrics,
    };
    s->api.executions =
        executions_new(s->loop, &config, s->api.engine, s->api.runtimes, s->client, s->log);
}

static int parts_make(struct server *s, struct err *e)
{
    if (fchdir(s->data_fd) < 0) { /* a path could not be walked by our user */
        return err_sys(e, "entering the data directory");
    }
    int r = weaken_asked(&s->weaken, e);
    if (r == 0) {
        r = client_make(s, e);
    }
    if (r == 0) {
        r = gate_make(s, e);
    }
    if (r < 0) {
        return r;
    }
    s->api.runtimes = runtimes_new(s->loop, s->api.sandbox, VERSIONS_FILE, s->prepared_fd,
                                   s->packages_fd, s->log);
    engine_make(s);
    executions_make(s);
    s->api.packages = packages_new(s->loop, TAKE(&s->steward_sock, -1), s->log);
    s->expected = expected_new(&s->api);
    common_dialect(&s->api, &s->common);
    r = piston_dialect(&s->api, &s->piston, e);
    s->piston_made = r == 0;
    if (r == 0) {
        r = judge0_dialect(&s->api, &s->judge0, e);
        s->judge0_made = r == 0;
    }
    if (r == 0) {
        r = native_dialect(&s->api, &s->native, e);
        s->native_made = r == 0;
    }
    return r;
}

/* What is a modest database on disk is much in memory. */
static uint64_t store_bytes(const struct config *c)
{
    bool chosen = config_source(c, &c->store_max_bytes) != CONFIG_DEFAULT;
    return host_keeps(c) || chosen ? c->store_max_bytes : STORE_MEMORY_BYTES;
}

/* Its threads are made when nothing is left to be dropped: what they have, they would keep. */
static int store_make(struct server *s, struct err *e)
{
    const struct config *c = s->config;
    const struct store_config config = {
        .path = host_keeps(c) ? DATA_DIR_STORE : NULL,
        .readers = STORE_READERS,
        .max_age_s = c->store_max_age_s,
        .max_bytes = store_bytes(c),
        .metrics = s->api.metrics,
    };
    int r = store_open(s->loop, &config, s->log, &s->api.store, e);
    if (r == 0) {
        executions_recover(s->api.executions, s->api.store);
    }
    return r;
}

static void dialect_add(struct server *s, const struct http_dialect *d)
{
    s->dialects[s->api.dialect_count++] = d;
    s->api.dialects = s->dialects;
}

static int http_make(struct server *s, struct err *e)
{
    const struct config *c = s->config;
    AUTO(strv_freep) char **listen = strv_dup(c->listen);
    strv_add_all(&listen, c->listen_optional);
    const char *const no_hosts[] = {NULL};
    const struct http_config config = {
        .listen = (const char *const *)listen,
        .listen_optional_from = strv_len(c->listen),
        .body_max = c->body_max,
        .connections_max = (unsigned)c->connections_max,
        .header_timeout_s = (unsigned)c->header_timeout_s,
        .keep_alive_s = (unsigned)c->keep_alive_s,
        .check_origin = true,
        .allowed_hosts = c->allowed_hosts ? (const char *const *)c->allowed_hosts : no_hosts,
        .trusted_proxies = (const char *const *)c->trusted_proxies,
        .metrics = s->api.metrics,
    };
    dialect_add(s, &s->native);
    dialect_add(s, &s->piston);
    dialect_add(s, &s->judge0);
    dialect_add(s, &s->common);
    int r = http_server_new(s->loop, &config, s->api.dialects, s->api.dialect_count, s->log,
                            &s->http, e);
    return r < 0 ? r : privileges_drop_bind(e);
}

static bool is_loopback(const char *address)
{
    struct address a;
    struct ip ip;
    struct ip_network v4, v6;
    struct err ignored;
    return address_parse(address, &a, &ignored) == 0 &&
           ip_of_sockaddr((const struct sockaddr *)&a.sa, &ip) &&
           ip_network_parse("127.0.0.0/8", &v4) && ip_network_parse("::1/128", &v6) &&
           (ip_network_has(&v4, &ip) || ip_network_has(&v6, &ip));
}

/* That is what somebody asked for, and what nobody should overlook. */
static void openness_tell(const struct server *s)
{
    bool locked = keys_needed(s->api.keys) || strv_len(s->config->judge0_authn_token) > 0;
    char *const *address = http_server_addresses(s->http);
    for (; !locked && *address != NULL; address++) {
        if (!is_loopback(*address)) {
            LOG_WARN(s->log,
                     "whoever reaches this address may run programs, as there is no key; 'belljar "
                     "key add NAME' makes one",
                     log_s("address", *address));
        }
    }
}

static int ready_tell(const struct server *s, struct err *e)
{
    struct server_message m = {.type = SERVER_READY};
    AUTO(strv_freep) char **addresses = strv_dup(http_server_addresses(s->http));
    char *joined = strv_join(addresses, "\n");
    snprintf(m.addresses, sizeof(m.addresses), "%s", joined);
    free(joined);
    return fd_send(s->parent_sock, &m, sizeof(m), NULL, 0, e);
}

/* Waits when the parent is behind: no act is lost. */
static void on_audit(void *ctx, const struct audit_act *act)
{
    const struct server *s = ctx;
    const struct server_message m = {.type = SERVER_AUDIT, .act = *act};
    struct pollfd room = {.fd = s->parent_sock, .events = POLLOUT};
    struct err e;
    int r;
    do {
        r = fd_send(s->parent_sock, &m, sizeof(m), NULL, 0, &e);
    } while (r == -ERR_BUSY && (poll(&room, 1, -1) > 0 || errno == EINTR));
    if (r < 0) {
        LOG_ERROR(s->log, "an act of an administrator was not written down", log_s("act", act->act),
                  log_s("error", e.text));
    }
}

/* --- boxd lost, and another one --------------------------------------------------------------- */

static void on_boxd_lost(void *ctx)
{
    struct server *s = ctx;
    LOG_WARN(s->log, "the connection to boxd is lost; jobs wait until it is back");
    s->api.sandbox = NULL;
}

/* The old sandbox goes last: until then what belongs to its boxes is still valid. */
static void boxd_replace(struct server *s, int boxd_sock)
{
    struct sandbox *old = s->sandbox, *fresh = NULL;
    struct err e;
    if (sandbox_make(s, boxd_sock, &fresh, &e) < 0) {
        LOG_ERROR(s->log, "the new boxd does not answer", log_s("error", e.text));
        return; /* it ends with its socket, and the parent tries again */
    }
    sandbox_on_lost(fresh, on_boxd_lost, NULL, s);
    s->sandbox = s->api.sandbox = fresh;
    engine_set_sandbox(s->api.engine, fresh);
    runtimes_set_sandbox(s->api.runtimes, fresh);
    sandbox_free(old);
    LOG_INFO(s->log, "boxd is back");
}

/* --- the end ---------------------------------------------------------------------------------- */

static void on_last_answers(void *ctx)
{
    const struct server *s = ctx;
    loop_stop(s->loop);
}

static void on_grace_over(void *ctx)
{
    struct server *s = ctx;
    LOG_WARN(s->log, "the grace time is over; what still runs is ended",
             log_i("running", engine_stats(s->api.engine).running),
             log_i("queued", engine_stats(s->api.engine).queued));
    loop_timer_set(s->loop, &s->grace, loop_now_ns(s->loop) + LAST_ANSWERS_NS, on_last_answers, s);
    executions_stop(s->api.executions);
    engine_stop(s->api.engine);
}

static void on_answers_look(void *ctx)
{
    struct server *s = ctx;
    if (http_server_open_requests(s->http) == 0) {
        loop_stop(s->loop);
        return;
    }
    loop_timer_set(s->loop, &s->answers, loop_now_ns(s->loop) + ANSWERS_LOOK_NS, on_answers_look,
                   s);
}

static void drained_look(struct server *s)
{
    if (s->executions_drained && s->engine_drained) {
        http_server_end_streams(s->http); /* what they were open for is over */
        on_answers_look(s);
    }
}

static void on_executions_drained(void *ctx)
{
    struct server *s = ctx;
    s->executions_drained = true;
    drained_look(s);
}

static void on_engine_drained(void *ctx)
{
    struct server *s = ctx;
    s->engine_drained = true;
    drained_look(s);
}

static void drain(struct server *s)
{
    if (s->draining) {
        return;
    }
    s->draining = true;
    LOG_INFO(s->log, "stopping; running jobs may finish",
             log_i("running", engine_stats(s->api.engine).running),
             log_i("grace_ms", (int64_t)s->config->grace_ms));
    loop_timer_set(s->loop, &s->grace, loop_now_ns(s->loop) + s->config->grace_ms * NS_PER_MS,
                   on_grace_over, s);
    http_server_quiesce(s->http);
    executions_drain(s->api.executions, on_executions_drained, s);
    engine_drain(s->api.engine, on_engine_drained, s);
}

/* --- the parent ------------------------------------------------------------------------------- */

static void on_parent(void *ctx, unsigned events)
{
    struct server *s = ctx;
    (void)events;

    struct server_message m;
    AUTO(fd_closep) int fd = -1;
    size_t len = 0, fd_count = 1;
    struct err e;
    int r = fd_recv(s->parent_sock, &m, sizeof(m), &len, &fd, &fd_count, MSG_DONTWAIT, &e);
    if (r == -ERR_BUSY) {
        return;
    }
    if (r < 0 || len != sizeof(m)) {
        LOG_ERROR(s->log, "the parent has ended; so does the server");
        loop_stop(s->loop);
        return;
    }
    if (m.type == SERVER_BOXD && fd >= 0) {
        boxd_replace(s, TAKE(&fd, -1));
    } else if (m.type == SERVER_DRAIN) {
        drain(s);
    }
}

/*
 * Landlock before anything is read that a server which was taken over may have written, the filter
 * when the last port is bound.  Not with AddressSanitizer: its leak check makes a process and
 * traces, its reports read the program.
 */
#ifdef __SANITIZE_ADDRESS__
#define FENCED false
#else
#define FENCED true
#endif

static int fence_enter(const struct server *s, struct err *e)
{
    bool fenced = false; /* without Landlock host_check has told */
    return FENCED ? server_fence(s->data_fd, s->packages_fd, &fenced, e) : 0;
}

static int server_make(struct server *s, const struct server_start *start, struct err *e)
{
    int r = loop_new(&s->loop, e);
    if (r == 0) {
        r = sandbox_make(s, start->boxd_sock, &s->sandbox, e);
    }
    if (r < 0) {
        host_table_print(NULL, NULL);
        return r;
    }
    s->api.sandbox = s->sandbox;
    s->api.loop = s->loop;
    s->api.config = s->config;
    s->api.log = s->log;
    s->api.metrics = metrics_new();
    s->api.audit = on_audit;
    s->api.audit_ctx = s;
    sandbox_on_lost(s->sandbox, on_boxd_lost, NULL, s);
    r = host_check(s, start->cgroup_lack, e);
    if (r == 0) {
        r = fence_enter(s, e);
    }
    if (r == 0) {
        r = parts_make(s, e);
    }
    if (r == 0) {
        r = http_make(s, e);
    }
    if (r == 0) {
        r = loop_io_add(s->loop, &s->parent_io, s->parent_sock, EPOLLIN, on_parent, s, e);
    }
    return r;
}

static void server_unmake(struct server *s)
{
    if (!s->loop) {
        return;
    }
    loop_io_remove(&s->parent_io);
    loop_timer_cancel(&s->grace);
    loop_timer_cancel(&s->answers);
    http_server_free(s->http);
    executions_free(s->api.executions);
    if (s->native_made) {
        native_dialect_done(&s->native);
    }
    if (s->judge0_made) {
        judge0_dialect_done(&s->judge0);
    }
    if (s->piston_made) {
        piston_dialect_done(&s->piston);
    }
    common_dialect_done(&s->common);
    expected_free(s->expected);
    packages_free(s->api.packages);
    engine_free(s->api.engine);
    sieve_free(s->api.sieve);
    gate_free(s->api.gate);
    keys_free(s->api.keys);
    runtimes_free(s->api.runtimes);
    sandbox_free(s->sandbox);
    client_free(s->client);
    store_close(s->api.store);
    metrics_free(s->api.metrics);
    loop_free(s->loop);
}

static int server_serve(struct server *s, const struct server_start *start, struct err *e)
{
    int r = server_make(s, start, e);
    if (r == 0 && FENCED) {
        r = server_filter_load(e);
    }
    if (r == 0) {
        r = store_make(s, e);
    }
    if (r == 0) {
        openness_tell(s);
        r = ready_tell(s, e);
    }
    return r < 0 ? r : loop_run(s->loop, e);
}

int server_run(const struct server_start *start)
{
    struct server s = {
        .config = start->config,
        .log = start->log,
        .parent_sock = start->parent_sock,
        .data_fd = start->data_fd,
        .unzip_fd = start->unzip_fd,
        .prepared_fd = start->prepared_fd,
        .packages_fd = start->packages_fd,
        .steward_sock = start->steward_sock,
    };
    struct err e;
    int r = server_serve(&s, start, &e);
    if (r < 0) {
        cli_error("serve", &e);
    }
    server_unmake(&s);
    fd_close(s.parent_sock);
    fd_close(s.data_fd);
    fd_close(s.unzip_fd);
    fd_close(s.prepared_fd);
    fd_close(s.packages_fd);
    fd_close(s.steward_sock);
    return r < 0 ? CLI_FAILED : CLI_OK;
}
