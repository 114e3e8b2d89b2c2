#pragma once
/*
 * client - a client in the server's own thread: while it waits, the loop runs.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "http/address.h"

struct loop;

void client_step(struct loop *loop);
int client_dial(const struct address *address);
void client_say(struct loop *loop, int fd, const char *data, size_t len);
/* False when nothing is there (yet: *ret_ended is false). */
bool client_hear_some(int fd, struct buf *in, bool *ret_ended);
/* One answer with a Content-Length, or what came until the end; the caller frees it. */
char *client_hear(struct loop *loop, int fd, struct buf *in);
