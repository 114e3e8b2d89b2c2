#pragma once
/*
 * limits - the limits of a Piston request: what is configured for a language, and what the body
 * asks.
 *
 * Piston takes 0 for "no limit" and -1 for "none" as long as none is configured; its clients send
 * -1, 10000 and 3000 with every request.  So these mean "the configured limit" here.  Any
 * other value above the configured one is refused, in Piston's words.
 */
#include <jansson.h>
#include <stdbool.h>

#include "model/limits.h"

struct config;
struct err;
struct limit_overrides; /* piston.limit_overrides, parsed */
struct runtime;

/* "" is fine.  ERR_INVALID names the key. */
int limit_overrides_parse(const char *text, struct limit_overrides **ret, struct err *e);
void limit_overrides_free(struct limit_overrides *o); /* NULL is fine */

/* override of the language, or the runtime's own, or the configured one */
void limits_configured(const struct config *config, const struct limit_overrides *overrides,
                       const struct runtime *runtime, struct limits *ret_compile,
                       struct limits *ret_run);

/*
 * Lowers the configured limits to what the body asks for; ERR_INVALID or ERR_LIMIT with the message
 * for the client.  `clamp`: what is too much is lowered in silence, as the API of 2021 had no
 * limits to exceed.
 */
int limits_request(const json_t *body, bool clamp, struct limits *compile, struct limits *run,
                   struct err *e);
