#pragma once
/*
 * request - one request from its first line to its answer.
 *
 *   HEAD     the request line is there             -> refused, or BODY
 *   BODY     bytes come in                         -> the handler is called
 *   WAITING  suspended until http_respond          -> ANSWERED, or GONE when the client left
 *   ANSWERED an answer is queued
 *   TAKEN    the connection was given to a stream (takeover.c)
 */
#include <microhttpd.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/rand.h"
#include "http/http.h"
#include "http/router.h"

struct inflate;
struct peer;
struct wire;

enum request_phase {
    REQUEST_HEAD,
    REQUEST_BODY,
    REQUEST_WAITING,
    REQUEST_ANSWERED,
    REQUEST_TAKEN, /* its connection is a stream's now */
    REQUEST_GONE,
};

struct request_answer {
    bool given;
    unsigned status;
    char *content_type;
    char *body;
    size_t len;
};

struct http_request {
    struct http_server *server;
    struct peer *peer;
    struct MHD_Connection *connection;
    const struct http_dialect *dialect;
    enum request_phase phase;
    bool whole;     /* all of it arrived */
    bool must_drop; /* the rest of it cannot be read safely, or is too much */
    char id[ULID_LEN + 1];
    uint64_t begun_ns, answered_ns;
    const char *target_at; /* in libmicrohttpd's buffer: for the guard only */
    size_t target_len;
    char *target;
    char *path;
    const char *host; /* of the target or the Host field; NULL: none */
    char *target_host;
    bool is_http_1_0;
    const char *method_name;
    unsigned method;             /* HTTP_GET for HEAD too; 0 for OPTIONS */
    char forwarded[IP_TEXT_MAX]; /* the client, as a trusted proxy tells it; "": it does not */
    struct router_match match;
    struct buf body;
    struct inflate *inflate;
    /* Of a ROUTE_HEAD. */
    bool undecided; /* nobody has said yet how the body is read */
    bool held;      /* ... and it has come: suspended until then */
    http_handler *then;
    void *then_ctx;
    struct http_sink sink; /* .data NULL: there is none */
    uint64_t sink_max, sunk;
    struct buf header_text; /* of the answer: name NUL value NUL ... */
    struct request_answer answer;
    struct wire *wire; /* whose connection it becomes when the head is sent; or NULL */
    void (*gone)(void *ctx);
    void *gone_ctx;
    void *data; /* of the dialect's `before` */
    void (*data_done)(void *data);
};

/* libmicrohttpd's callbacks; cls is the server. */
void *request_begin(void *cls, const char *target, struct MHD_Connection *connection);
enum MHD_Result request_access(void *cls, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *size, void **context);
void request_completed(void *cls, struct MHD_Connection *connection, void **context,
                       enum MHD_RequestTerminationCode code);

/* Checks the head; whatever is refused has its answer then. */
void request_take_head(struct http_request *r, const char *method, const char *version);
/* In the dialect's words, unless there is an answer already. */
void request_refuse(struct http_request *r, unsigned status, const char *text);
void request_refuse_too_large(struct http_request *r);

/* Reads no more until http_read_whole, http_read_by or an answer (request_sink.c). */
void request_hold(struct http_request *r);
void request_release(struct http_request *r);
void request_sink(struct http_request *r, const char *data, size_t len);
/* What a refused request still has to send may be read only when it is little, and surely on its
 * way. */
bool request_rest_is_small(const struct http_request *r);

void request_tell_gone(struct http_request *r); /* once */
/* The client left: tells the handler's owner, and lets the connection end. */
void request_gone(struct http_request *r);
