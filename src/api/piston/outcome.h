#pragma once
/*
 * outcome - a result as Piston's JSON.  Pure functions.
 *
 * What Piston has no word for is told so: a program stopped at its memory limit has status SG and
 * signal SIGKILL (in Piston it is bash that sees the kernel's kill: RE, code 137), and the message
 * "Memory limit exceeded".
 */
#include <jansson.h>
#include <stdbool.h>

#include "api/piston/piston.h"

struct result;
struct runtime;
struct stage_result;

/* shell_status: a signal is told as exit code 128+n, as Piston's wrapper script does. */
json_t *outcome_stage(const struct stage_result *s, bool shell_status);
/* The code and signal of an `exit` message. */
void outcome_set_exit(json_t *message, const struct stage_result *s, bool shell_status);
json_t *outcome(const struct result *result, const struct runtime *runtime, enum piston_style style,
                bool shell_status);
