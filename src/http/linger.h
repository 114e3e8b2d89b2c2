#pragma once
/*
 * linger - closes a socket whose client still sends, without losing the answer.
 *
 * A socket closed with unread bytes sends a reset, which can overtake the answer.  So what still
 * comes is read and dropped, for a bounded time and amount.
 */
struct http_server;

void linger_start(struct http_server *s, int fd); /* takes the fd */
void linger_free_all(struct http_server *s);
