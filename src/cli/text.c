/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text.h"

#include <stdbool.h>
#include <time.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"

void text_add(struct buf *ret, const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        /* C1 controls are two bytes in UTF-8: 0xc2 and 0x80 to 0x9f. */
        bool c1 = c == 0xc2 && i + 1 < len && (unsigned char)text[i + 1] < 0xa0;
        if (c < ' ' || c == 0x7f || c1) {
            buf_add_char(ret, '?');
        } else {
            buf_add_char(ret, text[i]);
        }
        i += c1 ? 1 : 0;
    }
    if (len == 0) {
        buf_add_char(ret, '-');
    }
}

void text_add_bytes(struct buf *ret, uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    double value = (double)bytes;
    while (value >= 1024 && unit + 1 < ARRAY_LEN(units)) {
        value /= 1024;
        unit++;
    }
    buf_add_fmt(ret, unit && value < 10 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

void text_add_ms(struct buf *ret, double ms)
{
    if (ms >= 1000) {
        buf_add_fmt(ret, "%.2f s", ms / 1000);
    } else {
        buf_add_fmt(ret, ms < 10 ? "%.2f ms" : "%.0f ms", ms);
    }
}

void text_add_age(struct buf *ret, const char *time, uint64_t now_ns)
{
    struct tm tm = {0};
    if (!time || !strptime(time, "%Y-%m-%dT%H:%M:%S", &tm)) {
        buf_add_char(ret, '-');
        return;
    }
    time_t then = timegm(&tm), now = (time_t)(now_ns / NS_PER_S);
    long long s = now > then ? (long long)(now - then) : 0;
    if (s < 60) {
        buf_add_fmt(ret, "%llds", s);
    } else if (s < 3600) {
        buf_add_fmt(ret, "%lldm%02llds", s / 60, s % 60);
    } else {
        buf_add_fmt(ret, "%lldh%02lldm", s / 3600, s / 60 % 60);
    }
}
