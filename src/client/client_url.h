#pragma once
/*
 * client_url - a URL taken apart, by the parser that libcurl itself uses.
 */
#include <stdbool.h>

#include <curl/curl.h>

#define CLIENT_URL_MAX 8192

struct client_url { /* zero-initialised: none */
    CURLU *parsed;
    char *scheme, *host, *port; /* as libcurl writes them: "http", "example.com", "[::1]", "80" */
};

struct err;

/* ERR_INVALID; what it says holds nothing of the URL but its host or scheme. */
int client_url_parse(const char *text, struct client_url *ret, struct err *e);
void client_url_done(struct client_url *url); /* frees and zeroes; fits AUTO */
bool client_url_same_origin(const struct client_url *a, const struct client_url *b);
