#pragma once
/*
 * piston_packages - the three requests of Piston's package manager.
 */
#include "cli/remote.h"

struct err;

/* [{language, language_version, installed}] */
int piston_packages(const struct remote *remote, json_t **ret, struct err *e);
const char *piston_package_text(const json_t *package, const char *key); /* "" where it is none */
/* method: POST installs, DELETE uninstalls.  Any status is an answer. */
int piston_package_change(const struct remote *remote, const char *method, const char *language,
                          const char *version, long *ret_status, json_t **ret_answer,
                          struct err *e);
