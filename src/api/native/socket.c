/* SPDX-License-Identifier: Apache-2.0 */
#include "api/native/socket.h"

#include <string.h>

#include "api/json.h"
#include "base/err.h"

unsigned socket_status(const struct err *e)
{
    switch (e->kind) {
    case ERR_INVALID:
    case ERR_LIMIT:
        return 422;
    case ERR_NOT_FOUND:
        return 404;
    case ERR_BUSY:
        return 503;
    case ERR_DENIED:
        return 403;
    case ERR_UNSUPPORTED:
    case ERR_IO:
    case ERR_GONE:
    case ERR_BUG:
        break;
    }
    return 500;
}

json_t *socket_error(unsigned status, const char *message, json_t *errors)
{
    json_t *o = json_pack("{s:s,s:i,s:o}", "type", "error", "status", (int)status, "message",
                          json_repaired(message, strlen(message)));
    if (errors != NULL) {
        json_object_set_new(o, "errors", errors);
    }
    return o;
}

json_t *socket_message(const char *type, json_t *more)
{
    json_t *o = json_pack("{s:s}", "type", type);
    json_object_update(o, more);
    json_decref(more);
    return o;
}
