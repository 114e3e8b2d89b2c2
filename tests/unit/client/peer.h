#pragma once
/*
 * peer - somebody's HTTP server on loopback, on the test's own loop.
 *
 * Answers are given out in the order in which they were added, one a connection; when there is none
 * left, a connection waits for the next.  What a connection sent is kept.
 */
#include <stddef.h>
#include <stdint.h>

struct loop;
struct peer;

struct peer *peer_new(struct loop *loop);
void peer_free(struct peer *p);
uint16_t peer_port(const struct peer *p);
char *peer_url(const struct peer *p, const char *host, const char *path); /* malloc'd */

/* The whole answer, head and body; "": the connection is closed without one. */
void peer_answer(struct peer *p, const char *text);
/* With Content-Length: 0, `fields` being "Name: value\r\n" or "". */
void peer_answer_status(struct peer *p, unsigned status, const char *fields);
/* From then on connections stay open behind their answers. */
void peer_keep_open(struct peer *p);

size_t peer_requests(const struct peer *p);               /* whole ones so far */
const char *peer_request(const struct peer *p, size_t i); /* head and body */
size_t peer_waiting(const struct peer *p);                /* requests without an answer */
size_t peer_waiting_most(const struct peer *p);           /* at one time */
