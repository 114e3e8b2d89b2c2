#pragma once
/*
 * ip - addresses and networks of IPv4 and IPv6, in one form: IPv4 is what the kernel maps it to
 * (::ffff:10.1.2.3), so that both spellings are one address.  Pure functions.
 */
#include <stdbool.h>
#include <stdint.h>

struct sockaddr;

#define IP_TEXT_MAX 46

struct ip {
    uint8_t bytes[16];
};

struct ip_network {
    struct ip address;
    unsigned bits; /* of the 128 */
};

/* "10.1.2.3", "::1"; false for anything else. */
bool ip_parse(const char *text, struct ip *ret);
/* An address, or one with its bits: "10.0.0.0/8", "2001:db8::/32". */
bool ip_network_parse(const char *text, struct ip_network *ret);
bool ip_of_sockaddr(const struct sockaddr *sa, struct ip *ret); /* false: another family */
struct ip ip_of_v4(const void *four_bytes);

bool ip_is_v4(const struct ip *a);
/* "::/0" is all of IPv6 and nothing of IPv4. */
bool ip_network_has(const struct ip_network *n, const struct ip *a);
/* IPv4 in its own spelling. */
void ip_format(const struct ip *a, char ret[IP_TEXT_MAX]);
