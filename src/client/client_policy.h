#pragma once
/*
 * client_policy - which addresses a request may go to: public ones, and what was allowed.
 *
 * An address that stands for an IPv4 one (mapped, NAT64, 6to4) is judged as that one.  No I/O.
 */
#include <stdbool.h>

struct client_policy;
struct err;
struct ip;
struct sockaddr;

/* The entries of client_config.allow; ERR_INVALID names a bad one. */
int client_policy_new(const char *const *allow, struct client_policy **ret, struct err *e);
void client_policy_free(struct client_policy *p); /* NULL is fine */
/* The host of a URL, at whatever address. */
bool client_policy_allows_name(const struct client_policy *p, const char *host);
/* ERR_DENIED says what kind of address it is. */
int client_policy_check(const struct client_policy *p, const struct sockaddr *sa, struct err *e);
int client_policy_check_ip(const struct client_policy *p, const struct ip *a, struct err *e);
/* The host of a URL, as far as it can be judged before it is looked up: an address, or localhost.
 */
int client_policy_check_host(const struct client_policy *p, const char *host, struct err *e);
