/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A question of a program to its name server, or (first byte odd) an answer of a resolver: no name
 * is longer than it may be, a refusal is an answer to its question, and only addresses are found.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "egress/dns.h"
#include "fuzz.h"

static void check_question(const uint8_t *data, size_t size)
{
    struct dns_question q;
    if (!dns_query_parse(data, size, &q)) {
        return;
    }
    uint8_t refusal[DNS_HEADER_BYTES + DNS_NAME_BYTES + 4];
    REQUIRE(q.end <= size && q.end <= sizeof(refusal) && strlen(q.name) < DNS_NAME_BYTES - 2);
    REQUIRE(strpbrk(q.name, "/ \\*") == NULL);
    uint8_t query[DNS_HEADER_BYTES + DNS_NAME_BYTES + 4 + DNS_EDNS_BYTES];
    struct dns_question passed;
    size_t len = dns_query_put(data, size, &q, query);
    REQUIRE(len <= sizeof(query) && dns_query_parse(query, len, &passed));
    REQUIRE(passed.end == q.end && strcmp(passed.name, q.name) == 0);
    dns_refuse(data, &q, DNS_REFUSED, refusal);
    REQUIRE(dns_is_answer(refusal, q.end, &q));
    REQUIRE(dns_addresses(refusal, q.end, NULL, 0) == 0);
}

static void check_answer(const uint8_t *data, size_t size)
{
    struct ip found[8], more[9];
    size_t count = dns_addresses(data, size, found, ARRAY_LEN(found));
    REQUIRE(count <= ARRAY_LEN(found));
    REQUIRE(dns_addresses(data, size, more, ARRAY_LEN(more)) >= count);
    REQUIRE(memcmp(found, more, count * sizeof(found[0])) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    AUTO(mem_freep) uint8_t *copy = xmemdup(data + 1, size - 1);
    if (data[0] % 2 == 0) {
        check_question(copy, size - 1);
    } else {
        check_answer(copy, size - 1);
    }
    return 0;
}
