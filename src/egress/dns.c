/* SPDX-License-Identifier: Apache-2.0 */
#include "egress/dns.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* The third and fourth byte of a header. */
#define FLAG_ANSWER    0x80
#define FLAGS_OPCODE   0x78
#define FLAG_TRUNCATED 0x02
#define FLAG_WANTED    0x01 /* recursion */
#define FLAG_AVAILABLE 0x80
#define FLAGS_CHECKED  0x30 /* authentic data, checking disabled */
#define FLAG_SIGNED    0x80 /* of EDNS */
#define EDNS_BYTES_MAX 1232 /* fits into one packet everywhere */
#define POINTER        0xc0
#define NAME_MAX_LEN   253

enum { TYPE_A = 1, TYPE_AAAA = 28, TYPE_OPT = 41, CLASS_IN = 1 };

static uint16_t get16(const uint8_t *data)
{
    return (uint16_t)(data[0] << 8 | data[1]);
}

uint16_t dns_id(const uint8_t *data)
{
    return get16(data);
}

void dns_set_id(uint8_t *data, uint16_t id)
{
    data[0] = (uint8_t)(id >> 8);
    data[1] = (uint8_t)id;
}

static char host_char(uint8_t byte)
{
    return (char)(isalnum(byte) || byte == '-' || byte == '_' ? byte : '?');
}

/* A name without pointers at *at, which then is behind it. */
static bool name_read(const uint8_t *data, size_t len, size_t *at, char name[DNS_NAME_BYTES])
{
    size_t pos = *at, used = 0;
    while (pos < len && data[pos] != 0) {
        size_t label = data[pos++];
        if (label >= POINTER || label > 63 || label > len - pos ||
            used + label + 1 > NAME_MAX_LEN) {
            return false;
        }
        if (used > 0) {
            name[used++] = '.';
        }
        for (size_t i = 0; i < label; i++) {
            name[used++] = host_char(data[pos++]);
        }
    }
    name[used] = '\0';
    *at = pos + 1;
    return pos < len;
}

/* Any name: it ends at a zero, or with the first pointer. */
static bool name_skip(const uint8_t *data, size_t len, size_t *at)
{
    for (size_t pos = *at; pos < len; pos += 1 + (size_t)data[pos]) {
        if (data[pos] == 0 || data[pos] >= POINTER) {
            *at = pos + (data[pos] == 0 ? 1 : 2);
            return *at <= len;
        }
        if (data[pos] > 63) {
            return false;
        }
    }
    return false;
}

static bool question_read(const uint8_t *data, size_t len, struct dns_question *ret)
{
    size_t at = DNS_HEADER_BYTES;
    if (len < DNS_HEADER_BYTES || get16(data + 4) != 1 || !name_read(data, len, &at, ret->name) ||
        len - at < 4) {
        return false;
    }
    ret->id = get16(data);
    ret->type = get16(data + at);
    ret->class = get16(data + at + 2);
    ret->end = at + 4;
    return true;
}

bool dns_query_parse(const uint8_t *data, size_t len, struct dns_question *ret)
{
    return question_read(data, len, ret) && (data[2] & (FLAG_ANSWER | FLAGS_OPCODE)) == 0 &&
           get16(data + 6) == 0 && get16(data + 8) == 0;
}

size_t dns_query_put(const uint8_t *query, size_t len, const struct dns_question *q,
                     uint8_t *ret_data)
{
    const uint8_t *more = query + q->end;
    bool edns = len - q->end >= DNS_EDNS_BYTES && more[0] == 0 && get16(more + 1) == TYPE_OPT;
    memcpy(ret_data, query, q->end);
    ret_data[2] = query[2] & FLAG_WANTED;
    ret_data[3] = query[3] & FLAGS_CHECKED;
    memset(ret_data + 6, 0, 5);
    ret_data[11] = edns;
    if (!edns) {
        return q->end;
    }
    const uint8_t option[DNS_EDNS_BYTES] = {
        [2] = TYPE_OPT, EDNS_BYTES_MAX >> 8, EDNS_BYTES_MAX & 0xff, [7] = more[7] & FLAG_SIGNED};
    memcpy(ret_data + q->end, option, sizeof(option));
    return q->end + sizeof(option);
}

void dns_refuse(const uint8_t *query, const struct dns_question *q, enum dns_refusal why,
                uint8_t *ret_data)
{
    memcpy(ret_data, query, q->end);
    bool truncated = why == DNS_TRUNCATED;
    ret_data[2] =
        (uint8_t)(FLAG_ANSWER | (query[2] & FLAG_WANTED) | (truncated ? FLAG_TRUNCATED : 0));
    ret_data[3] = (uint8_t)(FLAG_AVAILABLE | (truncated ? 0 : (unsigned)why));
    memset(ret_data + 6, 0, 6); /* no answer, authority or addition */
}

bool dns_is_answer(const uint8_t *data, size_t len, const struct dns_question *q)
{
    struct dns_question told;
    return question_read(data, len, &told) && (data[2] & FLAG_ANSWER) != 0 && told.id == q->id &&
           told.type == q->type && told.class == q->class && strcasecmp(told.name, q->name) == 0;
}

/* The record at *at, which then is behind it; *ret_found: it is an address. */
static bool record_read(const uint8_t *data, size_t len, size_t *at, struct ip *ret,
                        bool *ret_found)
{
    if (!name_skip(data, len, at) || len - *at < 10) {
        return false;
    }
    const uint8_t *record = data + *at;
    size_t size = get16(record + 8);
    *at += 10;
    if (size > len - *at) {
        return false;
    }
    uint16_t type = get16(record);
    bool v4 = type == TYPE_A && size == 4, v6 = type == TYPE_AAAA && size == sizeof(ret->bytes);
    *ret_found = get16(record + 2) == CLASS_IN && (v4 || v6);
    if (*ret_found && v4) {
        *ret = ip_of_v4(data + *at);
    } else if (*ret_found) {
        memcpy(ret->bytes, data + *at, sizeof(ret->bytes));
    }
    *at += size;
    return true;
}

size_t dns_addresses(const uint8_t *data, size_t len, struct ip *ret, size_t max)
{
    struct dns_question q;
    size_t count = 0;
    if (!question_read(data, len, &q)) {
        return 0;
    }
    size_t at = q.end;
    for (unsigned i = get16(data + 6); i > 0 && count < max; i--) {
        bool found = false;
        if (!record_read(data, len, &at, &ret[count], &found)) {
            break;
        }
        count += found;
    }
    return count;
}
