#pragma once
/*
 * audit - what administrators do, and what anybody does to somebody else's executions.
 *
 * This process only says it; who serves (api.audit) writes it down where this process cannot reach.
 */
struct api;
struct execution;
struct http_request;

struct audit_act {
    char act[48];    /* "deletes an execution" */
    char who[64];    /* caller.name */
    char client[64]; /* its address */
    char what[192];  /* an id, a package; foreign bytes */
};

void audit_say(const struct api *api, const struct http_request *r, const char *act,
               const char *what);
/* Only when it is not the caller's own. */
void audit_say_execution(const struct api *api, const struct http_request *r, const char *act,
                         const char *id, const char *owner);
