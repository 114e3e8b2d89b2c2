#pragma once
/*
 * steward_rules - what a server process may ask its parent to do with packages, as tables.
 *
 * The server handles foreign bytes and may have been taken over.  So what it says becomes words of
 * a command line only in places that a table gives it, and only when they look as that table says:
 * no path, no option, no address but a name of a registry that the operator lists.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/audit.h"
#include "api/steward.h"

struct err;

struct steward_order {
    enum steward_op op;
    uint32_t upload;
    bool changes;         /* one of these at a time */
    char **command;       /* of belljar: "pkg", "install"; NULL: none is started */
    char **words;         /* behind it and the configuration */
    struct audit_act act; /* act.act "": nobody need know */
    char *what;           /* all that it is about, of which act.what may be the beginning */
};

/* ERR_INVALID says what is wrong.  `registries`: hosts, or "*".  Pure. */
int steward_order_read(const void *packet, size_t len, char *const *registries,
                       struct steward_order *ret, struct err *e);
void steward_order_done(struct steward_order *o); /* frees and zeroes; fits AUTO */
