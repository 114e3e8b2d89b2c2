#pragma once
/*
 * listener - the sockets that are listened on, and the connections that come in.
 */
#include <stdbool.h>
#include <stddef.h>

struct err;
struct http_server;
struct listener_set;

/* Opens all; those from server->config.listen_optional_from on are skipped with a warning when
 * busy. */
int listeners_open(struct http_server *s, struct listener_set **ret, struct err *e);
void listeners_free(struct listener_set *set); /* NULL is fine */
void listeners_close(struct listener_set *set);
/* A connection ended: those that wait may come in again. */
void listeners_resume(struct listener_set *set);
char *const *listeners_addresses(const struct listener_set *set); /* "127.0.0.1:2358" */
char *const *listeners_hosts(const struct listener_set *set);     /* "127.0.0.1" */
bool listeners_any(const struct listener_set *set);               /* 0.0.0.0 or :: is among them */
