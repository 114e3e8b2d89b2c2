/* SPDX-License-Identifier: Apache-2.0 */
#include "boxproto/boxproto.h"

#include <string.h>

#include "base/cleanup.h"

/* One row a type; `text` is a string field that its reader prints, so it must end inside itself. */
struct msg_rule {
    const char *name;
    size_t size;
    size_t text_offset, text_size;
    bool payload; /* its first bytes may follow */
};

#define PLAIN(type)            sizeof(type), 0, 0
#define WITH_PAYLOAD(type)     sizeof(type), 0, 0, true
#define WITH_TEXT(type, field) sizeof(type), offsetof(type, field), sizeof(((type *)0)->field)

static const struct msg_rule rules[] = {
    [BOX_MSG_CREATE] = {"CREATE", PLAIN(struct box_create)},
    [BOX_MSG_START] = {"START", PLAIN(struct box_start)},
    [BOX_MSG_KILL] = {"KILL", PLAIN(struct box_kill)},
    [BOX_MSG_DESTROY] = {"DESTROY", PLAIN(struct box_destroy)},
    [BOX_MSG_BOXD_HELLO] = {"BOXD_HELLO", WITH_TEXT(struct box_boxd_hello, kernel)},
    [BOX_MSG_ENDED] = {"ENDED", PLAIN(struct box_ended)},
    [BOX_MSG_FAILED] = {"FAILED", WITH_TEXT(struct box_failed, err.text)},
    [BOX_MSG_DESTROYED] = {"DESTROYED", PLAIN(struct box_destroyed)},
    [BOX_MSG_MAPS] = {"MAPS", PLAIN(struct box_maps)},
    [BOX_MSG_READY] = {"READY", PLAIN(struct box_ready)},
    [BOX_MSG_EXITED] = {"EXITED", PLAIN(struct box_exited)},
    [BOX_MSG_MAPPED] = {"MAPPED", PLAIN(struct box_mapped)},
    [BOX_MSG_GO] = {"GO", PLAIN(struct box_go)},
    [BOX_MSG_INIT_START] = {"INIT_START", WITH_PAYLOAD(struct box_init_start)},
    [BOX_MSG_DATA] = {"DATA", 0, 0, 0},
    [BOX_MSG_SIGNAL] = {"SIGNAL", PLAIN(struct box_signal)},
    [BOX_MSG_RESIZE] = {"RESIZE", PLAIN(struct box_resize)},
    [BOX_MSG_HELLO] = {"HELLO", PLAIN(struct box_hello)},
    [BOX_MSG_STARTED] = {"STARTED", PLAIN(struct box_started)},
    [BOX_MSG_PRODUCT] = {"PRODUCT", PLAIN(struct box_product)},
    [BOX_MSG_COLLECTED] = {"COLLECTED", PLAIN(struct box_collected)},
    [BOX_MSG_USAGE] = {"USAGE", PLAIN(struct box_usage)},
    [BOX_MSG_USED] = {"USED", PLAIN(struct box_used)},
    [BOX_MSG_STOP] = {"STOP", PLAIN(struct box_stop)},
    [BOX_MSG_WARM] = {"WARM", WITH_PAYLOAD(struct box_init_start)},
};

_Static_assert(ARRAY_LEN(rules) <= 32, "box_msg_check names the types by the bits of a uint32_t");

static const struct msg_rule *rule_of(uint32_t type)
{
    return type < ARRAY_LEN(rules) && rules[type].name ? &rules[type] : NULL;
}

size_t box_msg_size(uint32_t type)
{
    const struct msg_rule *rule = rule_of(type);
    return rule ? rule->size : 0;
}

const char *box_msg_name(uint32_t type)
{
    const struct msg_rule *rule = rule_of(type);
    return rule ? rule->name : "unknown";
}

bool box_msg_check(const void *data, size_t len, uint32_t types_mask)
{
    struct box_head head;
    if (len < sizeof head || len > BOX_PACKET_MAX) {
        return false;
    }
    memcpy(&head, data, sizeof head);
    const struct msg_rule *rule = rule_of(head.type);
    if (!rule || !(types_mask & UINT32_C(1) << head.type)) {
        return false;
    }
    if (head.type == BOX_MSG_DATA) {
        return len > sizeof head; /* an empty frame would let its reader wait for ever */
    }
    if (len < rule->size || (len > rule->size && !rule->payload)) {
        return false;
    }
    const char *text = (const char *)data + rule->text_offset;
    return rule->text_size == 0 || memchr(text, 0, rule->text_size);
}

bool box_wait_name_ok(const char *name)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    size_t len = strspn(name, good);
    return len > 0 && len <= BOX_WAIT_NAME_MAX && !name[len] && *name != '.' && *name != '-';
}
