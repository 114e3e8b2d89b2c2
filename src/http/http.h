#pragma once
/*
 * http - requests in, answers out, on the loop's thread (libmicrohttpd, external epoll).
 *
 * A route's handler gets a whole request (body read, inflated, within its limit) and answers it at
 * once, or later with http_respond.  Malformed requests never reach a handler: see guard.c.  If the
 * client leaves before the answer, `gone` is called once and the request must not be used after it
 * returned.
 *
 * A client that closes its sending half while it waits counts as gone (as with nginx, Go and node's
 * default): to the kernel it looks like one that closed its socket.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct http_request;
struct http_server;
struct log;
struct loop;
struct metrics;

enum http_method { HTTP_GET = 1, HTTP_POST = 2, HTTP_PUT = 4, HTTP_DELETE = 8, HTTP_PATCH = 16 };

#define HTTP_PARAMS_MAX 4

typedef void http_handler(struct http_request *r, void *ctx);

enum http_route_flag {
    ROUTE_PUBLIC = 1 << 0,    /* needs no key, whatever is configured */
    ROUTE_ANY_CASE = 1 << 1,  /* path in any case, with or without a trailing slash (Express) */
    ROUTE_WEBSOCKET = 1 << 2, /* the handler takes WebSockets (http/websocket.h) */
    ROUTE_RUN = 1 << 3,       /* the scope that a key needs; none of these: any key */
    ROUTE_READ = 1 << 4,
    ROUTE_ADMIN = 1 << 5,
    /* The handler is called when the head is there: it answers, or says how the body is read
     * (http_read_whole, http_read_by), at once or later.  Until then nothing of it is read. */
    ROUTE_HEAD = 1 << 6,
};

enum http_dialect_flag {
    /* As Rails: of several slashes one counts, a path may end in "/" and in ".json", and a method
     * that a path has no route for is 404. */
    DIALECT_RAILS = 1 << 0,
    /* `before` decides on foreign Hosts and Origins (http_check_origin). */
    DIALECT_ORIGINS = 1 << 1,
};

/* In the order in which a table of them reads best. */
struct http_route {   /* NOLINT(clang-analyzer-optin.performance.Padding) */
    unsigned method;  /* HTTP_GET answers HEAD too */
    const char *path; /* "/api/v1/packages/{language}/{version}" */
    http_handler *handler;
    unsigned flags;
    const char *summary;
};

/* One dialect: its routes, and how it says what http itself has to say (no route, bad request, body
 * too large). */
struct http_dialect {
    const char *name; /* "piston": for the log */
    const char *const
        *prefixes; /* "/api/v2/", NULL-ended; the longest that fits wins; "/" is the rest */
    const struct http_route *routes;
    size_t route_count;
    /* Called when the route is found (http_route), body not yet read: true when it has answered.
     * May be NULL. */
    bool (*before)(struct http_request *r, void *ctx);
    /* Answers at once.  404 and 405 come from routing (405 has its Allow field already); 413 is a
     * body above body_max. */
    void (*error)(struct http_request *r, unsigned status, const char *text, void *ctx);
    void *ctx;
    unsigned flags; /* enum http_dialect_flag */
};

struct http_config {
    const char *const *listen;   /* "ADDR:PORT", "[::1]:PORT"; NULL-ended */
    size_t listen_optional_from; /* listen[i] from here on are skipped (and said) when busy */
    size_t body_max;
    unsigned connections_max;
    unsigned header_timeout_s; /* to a complete request */
    unsigned keep_alive_s;
    bool check_origin; /* refuse a foreign Host or Origin (no keys configured: DNS rebinding) */
    const char *const *allowed_hosts;   /* beside loopback names and the addresses listened on */
    const char *const *trusted_proxies; /* addresses and networks whose X-Forwarded-For and
                                           X-Real-IP are believed; NULL-ended; NULL: none */
    struct metrics *metrics;            /* may be NULL */
    /* Silence on a stream after which it is asked for a sign of life; after two, it is gone.  0: 15
     * s.
     */
    unsigned ping_ms;
    /* As long without a packet, the kernel asks for one, and gives up after as long again (whole
     * seconds): for requests that wait.  0: 15 s. */
    unsigned keepalive_s;
};

int http_server_new(struct loop *loop, const struct http_config *config,
                    const struct http_dialect *const *dialects, size_t dialect_count,
                    const struct log *log, struct http_server **ret, struct err *e);
void http_server_free(struct http_server *s);
/* The addresses that are listened on, NULL-ended; valid as long as the server. */
char *const *http_server_addresses(const struct http_server *s);
/* Listens no more; answers what is under way. */
void http_server_quiesce(struct http_server *s);
/* Closes WebSockets (with 1001) and event streams.  They are no requests, and do not keep
 * http_server_open_requests from 0 before. */
void http_server_end_streams(struct http_server *s);
unsigned http_server_open_requests(const struct http_server *s);

const char *http_id(const struct http_request *r); /* X-Request-Id of the answer: a ULID */
const char *http_path(const struct http_request *r);
const char *http_method_name(const struct http_request *r);
const char *http_param(const struct http_request *r, const char *name); /* {name}; NULL: none */
const char *http_query(const struct http_request *r, const char *name); /* first; NULL: none */
/* All of it as it was sent, behind the '?'; "" when there is none. */
const char *http_query_text(const struct http_request *r);
const char *http_header(const struct http_request *r, const char *name); /* first; NULL: none */
/* Inflated, NUL behind it; only until the handler returns: a waiting request does not keep it. */
const char *http_body(const struct http_request *r, size_t *ret_len);
/* "127.0.0.1": of the connection, or as a trusted proxy tells it. */
const char *http_client(const struct http_request *r);
/* NULL: there is none for this path and method. */
const struct http_route *http_route(const struct http_request *r);
/* Whatever a dialect's `before` knows of the request; `done` (may be NULL) is called with it at the
 * request's end.  http_take_data: the request forgets it, the caller has it now. */
void http_set_data(struct http_request *r, void *data, void (*done)(void *data));
void *http_data(const struct http_request *r); /* NULL: none */
void *http_take_data(struct http_request *r);
uint64_t http_age_ns(const struct http_request *r); /* since its first line */
/* ERR_DENIED and a sentence for a foreign Host or Origin, when http_config.check_origin is set. */
int http_check_origin(const struct http_request *r, struct err *e);

/* Of a ROUTE_HEAD: as of other routes; `then` is its handler now. */
void http_read_whole(struct http_request *r, http_handler *then, void *ctx);
/*
 * Of a ROUTE_HEAD: the body is not kept, but given on as it comes, up to `max` bytes (413 beyond).
 * Either may answer; nothing comes after an answer.  Too much counts as the client's leaving
 * (http_on_gone).
 */
struct http_sink {
    void (*data)(void *ctx, const char *data, size_t len);
    void (*end)(void *ctx); /* that was all: it answers now or later */
    void *ctx;
};
void http_read_by(struct http_request *r, const struct http_sink *sink, uint64_t max);

/* Called once if the client leaves before the answer. */
void http_on_gone(struct http_request *r, void (*gone)(void *ctx), void *ctx);
void http_add_header(struct http_request *r, const char *name, const char *value);
/* Takes `body` (malloc'd, or NULL).  content_type NULL: none.  The request must not be used after
 * it. */
void http_respond(struct http_request *r, unsigned status, const char *content_type, char *body,
                  size_t len);
