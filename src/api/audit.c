/* SPDX-License-Identifier: Apache-2.0 */
#include "api/audit.h"

#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/gate.h"
#include "http/http.h"

void audit_say(const struct api *api, const struct http_request *r, const char *act,
               const char *what)
{
    const struct caller *caller = gate_caller(r);
    struct audit_act said = {0};
    if (!api->audit) {
        return;
    }
    snprintf(said.act, sizeof(said.act), "%s", act);
    snprintf(said.who, sizeof(said.who), "%s", caller ? caller->name : "");
    snprintf(said.client, sizeof(said.client), "%s", http_client(r));
    snprintf(said.what, sizeof(said.what), "%s", what);
    api->audit(api->audit_ctx, &said);
}

void audit_say_execution(const struct api *api, const struct http_request *r, const char *act,
                         const char *id, const char *owner)
{
    const struct caller *caller = gate_caller(r);
    if (!caller || !owner || strcmp(caller->name, owner) != 0) {
        audit_say(api, r, act, id);
    }
}
