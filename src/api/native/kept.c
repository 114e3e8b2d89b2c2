/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of a request until it has run, and beside its answer: execution.request is
 *
 *   {"asked": "py", "range": "3.x", "language": "python", "version": "3.11.2", "runtime": "host",
 *    "fingerprint": "...", "callback": {...}, "tests": ["1", "two"],
 *    "compile": {"wall_ms": 10000, ...}, "run": {...}}
 *
 * small, so that it can be read whenever something is said of the execution; what may be large is
 * in PART_BODY.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "api/json.h"
#include "api/native/native.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/rand.h"
#include "model/execution.h"
#include "model/runtime.h"

/* --- limits ------------------------------------------------------------------------------ */

static const struct field {
    const char *name;
    size_t offset, size;
} fields[] = {
#define FIELD(name)                                                                                \
    {                                                                                              \
#name, offsetof(struct limits, name), sizeof(((struct limits *)NULL)->name)                \
    }
    FIELD(wall_ms),    FIELD(cpu_ms),      FIELD(memory_bytes), FIELD(stack_bytes),
    FIELD(disk_bytes), FIELD(disk_inodes), FIELD(file_bytes),   FIELD(output_bytes),
    FIELD(open_files), FIELD(processes),   FIELD(cpu_milli),
#undef FIELD
};

static json_t *limits_json(const struct limits *l)
{
    json_t *o = json_object();
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const void *at = (const char *)l + fields[i].offset;
        uint64_t value =
            fields[i].size == sizeof(uint32_t) ? *(const uint32_t *)at : *(const uint64_t *)at;
        json_object_set_new(o, fields[i].name, json_integer((json_int_t)value));
    }
    return o;
}

static struct limits limits_of(const json_t *o)
{
    struct limits l = {0};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        void *at = (char *)&l + fields[i].offset;
        uint64_t value = (uint64_t)json_integer_value(json_object_get(o, fields[i].name));
        if (fields[i].size == sizeof(uint32_t)) {
            *(uint32_t *)at = (uint32_t)value;
        } else {
            *(uint64_t *)at = value;
        }
    }
    return l;
}

/* --- to be kept -------------------------------------------------------------------------- */

void native_fingerprint(const json_t *body, char ret[FINGERPRINT_LEN + 1])
{
    AUTO(mem_freep)
    char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    unsigned char hash[EVP_MAX_MD_SIZE] = {0};
    unsigned hash_len = 0;
    EVP_Digest(text, strlen(text), hash, &hash_len, EVP_sha256(), NULL);
    for (size_t i = 0; i < FINGERPRINT_LEN / 2; i++) {
        snprintf(ret + i * 2, 3, "%02x", hash[i]);
    }
}

static json_t *test_names(const json_t *tests)
{
    json_t *names = json_array();
    for (size_t i = 0; i < json_array_size(tests); i++) {
        json_t *name = json_object_get(json_array_get(tests, i), "name");
        char number[24];
        snprintf(number, sizeof(number), "%zu", i + 1);
        json_array_append_new(names, name != NULL ? json_incref(name) : json_string(number));
    }
    return names;
}

static char *request_text(const struct native_request *q, const struct runtime *runtime,
                          const char *fingerprint)
{
    json_t *tests = json_object_get(q->body, "tests");
    json_t *callback = json_object_get(q->body, "callback");
    AUTO(json_freep)
    json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:o}", "asked", q->language, "range",
                          q->version, "language", runtime->language, "version", runtime->version,
                          "runtime", runtime->source, "compile", limits_json(&q->compile), "run",
                          limits_json(&q->run));
    if (fingerprint != NULL) {
        json_object_set_new(o, "fingerprint", json_string(fingerprint));
    }
    if (callback != NULL) {
        json_object_set(o, "callback", callback);
    }
    if (tests != NULL) {
        json_object_set_new(o, "tests", test_names(tests));
    }
    return json_dumps(o, JSON_COMPACT);
}

static bool is_batch(const json_t *body, bool waits)
{
    const char *priority = json_string_value(json_object_get(body, "priority"));
    return priority != NULL ? strcmp(priority, "batch") == 0 : !waits;
}

struct execution *native_kept(const struct native_request *q, const struct runtime *runtime,
                              const char *caller, const char *fingerprint, bool waits)
{
    struct execution *x = execution_new();
    uint64_t now_ns = clock_wall_ns(&clock_system);
    const char *label = json_string_value(json_object_get(q->body, "label"));
    json_int_t ttl_s = json_integer_value(json_object_get(q->body, "ttl_s"));
    ulid_make(now_ns / NS_PER_MS, x->id);
    memcpy(x->dialect, NATIVE_DIALECT, sizeof(NATIVE_DIALECT));
    x->created_ns = now_ns;
    x->caller = xstrdup(caller);
    x->label = xstrdup(label);
    x->expires_ns = ttl_s > 0 ? now_ns + (uint64_t)ttl_s * NS_PER_S : 0;
    x->batch = is_batch(q->body, waits);
    x->request = request_text(q, runtime, fingerprint);
    char *body = json_dumps(q->body, JSON_COMPACT);
    execution_take_part(x, PART_BODY, body, strlen(body));
    return x;
}

/* --- and again --------------------------------------------------------------------------- */

int native_kept_request(const struct execution *x, struct native_request *ret, struct err *e)
{
    const struct execution_bytes *part = &x->parts[PART_BODY];
    AUTO(json_freep) json_t *kept = json_loads(x->request != NULL ? x->request : "", 0, NULL);
    json_t *body =
        part->data != NULL ? json_loadb(part->data, part->len, JSON_ALLOW_NUL, NULL) : NULL;
    if (!json_is_object(kept) || body == NULL) {
        json_decref(body);
        return err_set(e, ERR_IO, "what was asked cannot be read");
    }
    native_request_take(ret, body);
    ret->compile = limits_of(json_object_get(kept, "compile"));
    ret->run = limits_of(json_object_get(kept, "run"));
    return 0;
}
