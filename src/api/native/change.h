#pragma once
/*
 * change - a question to the steward whose answer is that of a request: one document, or, to who
 * asks for text/event-stream, Server-Sent Events: `progress` as it goes on, at last `done` or
 * `error`.
 *
 * A client that leaves does not end what it has asked for.
 */
#include "api/packages.h"

struct http_request;
struct native;

/* Answers the request, at once or later. */
void change_ask(struct native *n, struct http_request *r, const struct packages_question *q);
