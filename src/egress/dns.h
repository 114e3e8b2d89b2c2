#pragma once
/*
 * dns - what has to be known of questions and answers of the DNS.  Pure functions of foreign bytes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"

#define DNS_NAME_BYTES   256
#define DNS_HEADER_BYTES 12

struct dns_question {
    uint16_t id;
    uint16_t type, class;
    char name[DNS_NAME_BYTES]; /* "example.org"; "" is the root; a byte that no host's name has is ?
                                */
    size_t end;                /* of the question in the packet */
};

/* A query that asks one question. */
bool dns_query_parse(const uint8_t *data, size_t len, struct dns_question *ret);

#define DNS_EDNS_BYTES 11
/*
 * That query as a resolver of the host's is asked: the question, whether a long answer and
 * signatures are welcome (EDNS), and nothing else that a program has put in.  Gives its length;
 * ret_data has room for q->end + DNS_EDNS_BYTES.
 */
size_t dns_query_put(const uint8_t *query, size_t len, const struct dns_question *q,
                     uint8_t *ret_data);

enum dns_refusal { DNS_FAILED = 2, DNS_REFUSED = 5, DNS_TRUNCATED = -1 };
/* The answer without an answer to it; ret_data has room for q->end bytes, which is its length. */
void dns_refuse(const uint8_t *query, const struct dns_question *q, enum dns_refusal why,
                uint8_t *ret_data);

/* Whether it answers that question. */
bool dns_is_answer(const uint8_t *data, size_t len, const struct dns_question *q);
/* The addresses in such an answer, `max` of them at most; what is broken ends it. */
size_t dns_addresses(const uint8_t *data, size_t len, struct ip *ret, size_t max);

uint16_t dns_id(const uint8_t *data);
void dns_set_id(uint8_t *data, uint16_t id);
