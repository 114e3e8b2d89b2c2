#pragma once
/*
 * info - what this server says of itself in Judge0's words (contract section 9).
 */
#include <jansson.h>
#include <stdbool.h>

struct buf;
struct config;
struct http_request;
struct judge0;
struct runtime;

/* /about, and the environment of programs: whose API this is, and who maintains this server. */
#define ABOUT_HOMEPAGE    "https://judge0.com"
#define ABOUT_SOURCE_CODE "https://github.com/judge0/judge0"
#define ABOUT_MAINTAINER  "belljar " BELLJAR_VERSION

/* False: it was refused, and is answered. */
bool info_admits(struct http_request *r, const struct judge0 *j);
/* All 39 keys in their order. */
json_t *config_info_json(const struct config *config);
/*
 * A recipe as the text of a command, of which nothing is run: words that a shell would not take as
 * they are in quotes, and `options` ("%s") where compiler options go; NULL when there is none.
 */
char *command_text(char *const *argv, const char *source_file, const char *options);
