#pragma once
/*
 * remote_curl - what remote.c and ws_client.c share of libcurl.
 */
#include <curl/curl.h>

struct err;
struct remote;

/* Base and path put together; malloc'd. */
int remote_url(const struct remote *r, const char *path, char **ret, struct err *e);
/* "Authorization: ..."; NULL: there is no key; malloc'd. */
char *remote_authorization(const struct remote *r);
/* A handle for this URL (which stays until its end); protocols, timeouts and name are set. */
int remote_easy(const char *url, CURL **ret, struct err *e);
/* Why there was no answer, with advice. */
int remote_failure(CURLcode code, const char *method, const char *url, struct err *e);
void remote_easy_freep(CURL **curl); /* for AUTO */
