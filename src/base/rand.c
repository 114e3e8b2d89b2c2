/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rand.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define ULID_TIME_CHARS   10
#define ULID_RANDOM_BYTES 10

void rand_bytes(void *data, size_t len)
{
    char *p = data;
    while (len > 0) {
        ssize_t n = getrandom(p, len, 0);
        if (n < 0 && errno != EINTR) {
            abort(); /* no kernel since 3.17 does this; going on with known bytes would be worse */
        }
        if (n > 0) {
            p += n;
            len -= (size_t)n;
        }
    }
}

uint64_t rand_u64(void)
{
    uint64_t value;
    rand_bytes(&value, sizeof(value));
    return value;
}

void ulid_make(uint64_t wall_ms, char ret[ULID_LEN + 1])
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint64_t time_ms = wall_ms & ((UINT64_C(1) << 48) - 1);
    for (int i = ULID_TIME_CHARS - 1; i >= 0; i--) {
        ret[i] = alphabet[time_ms & 31];
        time_ms >>= 5;
    }

    unsigned char bytes[ULID_RANDOM_BYTES];
    rand_bytes(bytes, sizeof(bytes));
    char *out = ret + ULID_TIME_CHARS;
    uint32_t bits = 0;
    unsigned bit_count = 0;
    for (int i = 0; i < ULID_RANDOM_BYTES; i++) {
        bits = bits << 8 | bytes[i];
        bit_count += 8;
        while (bit_count >= 5) {
            bit_count -= 5;
            *out++ = alphabet[bits >> bit_count & 31];
        }
    }
    *out = '\0';
}

void uuid_make(char ret[UUID_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[16];
    rand_bytes(bytes, sizeof(bytes));
    bytes[6] = (bytes[6] & 0x0f) | 0x40; /* version 4 */
    bytes[8] = (bytes[8] & 0x3f) | 0x80; /* variant of the RFC */
    char *out = ret;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *out++ = '-';
        }
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}
