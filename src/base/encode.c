/* SPDX-License-Identifier: Apache-2.0 */
#include "base/encode.h"

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *data, size_t len, struct buf *ret)
{
    const unsigned char *p = data;
    char *out = buf_reserve(ret, len / 3 * 4 + 4);
    size_t n = 0;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t bits = (uint32_t)p[i] << 16;
        bits |= left > 1 ? (uint32_t)p[i + 1] << 8 : 0;
        bits |= left > 2 ? p[i + 2] : 0;
        out[n++] = alphabet[bits >> 18];
        out[n++] = alphabet[bits >> 12 & 63];
        out[n++] = '=';
        out[n++] = '=';
        if (left > 1) {
            out[n - 2] = alphabet[bits >> 6 & 63];
        }
        if (left > 2) {
            out[n - 1] = alphabet[bits & 63];
        }
    }
    buf_commit(ret, n);
}

static int base64_digit(unsigned char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static size_t padding_of(const char *text, size_t len)
{
    if (len == 0 || text[len - 1] != '=') {
        return 0;
    }
    return len > 1 && text[len - 2] == '=' ? 2 : 1;
}

int base64_decode(const char *text, size_t len, struct buf *ret, struct err *e)
{
    if (len % 4 != 0) {
        return err_set(e, ERR_INVALID, "base64: %zu characters, not a multiple of 4", len);
    }
    size_t digits = len - padding_of(text, len);
    char *out = buf_reserve(ret, len / 4 * 3);
    size_t n = 0;
    uint32_t bits = 0;
    unsigned bit_count = 0;
    for (size_t i = 0; i < digits; i++) {
        int digit = base64_digit((unsigned char)text[i]);
        if (digit < 0) {
            return err_set(e, ERR_INVALID, "base64: no digit at character %zu", i + 1);
        }
        bits = bits << 6 | (uint32_t)digit;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            out[n++] = (char)(bits >> bit_count & 0xff);
        }
    }
    if ((bits & ((1U << bit_count) - 1)) != 0) {
        return err_set(e, ERR_INVALID, "base64: the last digit has bits that belong to no byte");
    }
    buf_commit(ret, n);
    return 0;
}

void base64_decode_lenient(const char *text, size_t len, struct buf *ret)
{
    char *out = buf_reserve(ret, len / 4 * 3 + 3);
    size_t n = 0;
    uint32_t bits = 0;
    unsigned bit_count = 0;
    for (size_t i = 0; i < len && text[i] != '='; i++) {
        unsigned char c = (unsigned char)text[i];
        int digit = c == '-' ? 62 : c == '_' ? 63 : base64_digit(c);
        if (digit < 0) {
            continue;
        }
        bits = bits << 6 | (uint32_t)digit;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            out[n++] = (char)(bits >> bit_count & 0xff);
        }
    }
    buf_commit(ret, n);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void hex_decode_lenient(const char *text, size_t len, struct buf *ret)
{
    char *out = buf_reserve(ret, len / 2);
    size_t n = 0;
    for (size_t i = 0; i + 1 < len; i += 2) {
        int high = hex_digit(text[i]);
        int low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0) {
            break;
        }
        out[n++] = (char)(high << 4 | low);
    }
    buf_commit(ret, n);
}
