#pragma once
/*
 * response - from an answer to what libmicrohttpd sends.
 */
#include <stdbool.h>
#include <stddef.h>

struct MHD_Response;
struct buf;
struct http_request;

/* Makes it r's answer; sends it when r waits. */
void response_give(struct http_request *r, unsigned status, const char *content_type, char *body,
                   size_t len);
/* Queues r->answer; false when libmicrohttpd cannot take it. */
bool response_queue(struct http_request *r);
/* Queues `response` (taken) with r's status and headers. */
bool response_queue_with(struct http_request *r, struct MHD_Response *response);
/* r's head as bytes, for a body that ends with the connection. */
void response_write_head(const struct http_request *r, struct buf *ret);
/* r->answer as bytes, for a connection that ends at once. */
void response_write(const struct http_request *r, struct buf *ret);
/* {"message": text} likewise, when there is no request yet. */
void response_raw(unsigned status, const char *text, struct buf *ret);
