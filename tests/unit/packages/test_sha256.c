/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

#include "base/cleanup.h"
#include "packages/sha256.h"

#define T(name) cmocka_unit_test(name)

static void expected(const void *data, size_t len, char ret[SHA256_CHARS + 1])
{
    unsigned char raw[SHA256_DIGEST_LENGTH];
    SHA256(data, len, raw);
    for (size_t i = 0; i < sizeof(raw); i++) {
        snprintf(ret + 2 * i, 3, "%02x", raw[i]);
    }
}

/* FIPS 180-4, and nothing at all. */
static void test_known_values(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hash;
    } known[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    AUTO(sha256_freep) struct sha256 *s = sha256_new();
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        char hash[SHA256_CHARS + 1];
        sha256_add(s, known[i].text, strlen(known[i].text));
        sha256_end(s, hash); /* and begins anew */
        assert_string_equal(hash, known[i].hash);
    }
}

/* Pieces that fill what is staged to the byte, or not quite, or more than that. */
static void test_pieces_are_one_text(void **state)
{
    (void)state;
    static const size_t pieces[] = {0, 1, 7, 64, 511, 1023, 1024, 1025, 3000};
    char data[12000];
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (char)(i * 31 + i / 251);
    }
    AUTO(sha256_freep) struct sha256 *s = sha256_new();
    for (size_t first = 0; first < ARRAY_LEN(pieces); first++) {
        for (size_t then = 1; then < ARRAY_LEN(pieces); then++) {
            char hash[SHA256_CHARS + 1], want[SHA256_CHARS + 1];
            size_t at = pieces[first];
            sha256_add(s, data, at);
            while (at < sizeof(data)) {
                size_t left = sizeof(data) - at;
                size_t len = left < pieces[then] ? left : pieces[then];
                sha256_add(s, data + at, len);
                at += len;
            }
            sha256_end(s, hash);
            expected(data, sizeof(data), want);
            assert_string_equal(hash, want);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_known_values),
        T(test_pieces_are_one_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
