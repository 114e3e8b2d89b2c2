#pragma once
/*
 * asker - asks tools for their versions, a few at a time, in the order in which somebody needed
 * them.
 */
#include <stdbool.h>

struct log;
struct loop;
struct sandbox;
struct semver;
struct tool;

struct asker;
/* `version` is NULL when the tool cannot say it; never called from inside asker_ask. */
typedef void asker_fn(void *ctx, struct tool *tool, const struct semver *version);

struct asker *asker_new(struct loop *loop, const struct log *log, asker_fn *fn, void *ctx);
void asker_free(struct asker *a); /* NULL is fine */
/* NULL: nobody to ask now; the tools wait.  What is being asked is asked again. */
void asker_set_sandbox(struct asker *a, struct sandbox *sandbox);
/* Queues a tool whose state is neither TOOL_QUEUED nor TOOL_KNOWN. */
void asker_ask(struct asker *a, struct tool *tool);
/* Forgets the tool, queued or being asked; its state is then TOOL_UNKNOWN. */
void asker_forget(struct asker *a, struct tool *tool);
bool asker_is_idle(const struct asker *a);
