#pragma once
/*
 * address - "127.0.0.1:2358", "[::1]:2358", "localhost:80", "*:80" and ":80" (all addresses), and
 * back. Pure functions: names other than localhost are not looked up.
 */
#include <stdbool.h>
#include <sys/socket.h>

struct err;

#define ADDRESS_TEXT_MAX 64

struct address {
    struct sockaddr_storage sa;
    socklen_t len;
};

int address_parse(const char *text, struct address *ret, struct err *e);
void address_format(const struct address *a, char ret[ADDRESS_TEXT_MAX]);
/* Without the port and brackets. */
void address_format_host(const struct address *a, char ret[ADDRESS_TEXT_MAX]);
bool address_is_any(const struct address *a); /* 0.0.0.0 or :: */
