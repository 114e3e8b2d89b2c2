#pragma once
/*
 * version_ask - one tool, asked for its version by running it in a box: it is the host's,
 * but the version that counts is the one that a box sees, and no tool is run with our rights.
 * Loop thread only.
 */
struct err;
struct recipe;
struct sandbox;
struct semver;
struct version_ask;

enum version_answer { VERSION_KNOWN, VERSION_FAILED, VERSION_LOST /* ask again */ };
/* `version` with VERSION_KNOWN, else `why`; called once, never from inside version_ask_start. */
typedef void version_ask_fn(void *ctx, enum version_answer answer, const struct semver *version,
                            const char *why);

/* ERR_BUSY when there is no box for it now, ERR_GONE when boxd is away. */
int version_ask_start(struct sandbox *sandbox, const struct recipe *recipe, const char *path,
                      version_ask_fn *fn, void *ctx, struct version_ask **ret, struct err *e);
/* Ends it without an answer, or frees it after; fn may call it.  NULL is fine. */
void version_ask_free(struct version_ask *a);
