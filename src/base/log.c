/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8.h"

#define VALUE_MAX       2000
#define SECONDS_PER_DAY 86400
#define TIME_SIZE       sizeof("2000-01-01T00:00:00.000Z")

static const char *const level_names[] = {"debug", "info", "warn", "error", "none"};

/*
 * RFC 3339 in UTC.  gmtime_r would look for zone files, which a process in a
 * changed root must not do; the date is days since 0000-03-01 cut into eras of 400 years.
 */
static void time_format(uint64_t wall_ns, char ret[TIME_SIZE])
{
    uint64_t seconds = wall_ns / NS_PER_S;
    uint64_t day = seconds / SECONDS_PER_DAY + 719468;
    unsigned second = (unsigned)(seconds % SECONDS_PER_DAY);
    uint64_t era = day / 146097;
    unsigned day_of_era = (unsigned)(day % 146097);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted_month = (5 * day_of_year + 2) / 153; /* 0 is March */
    unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    unsigned year = (unsigned)era * 400 + year_of_era + (month <= 2);
    snprintf(ret, TIME_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year % 10000, month % 100,
             (day_of_year - (153 * shifted_month + 2) / 5 + 1) % 100, second / 3600 % 100,
             second / 60 % 60, second % 60, (unsigned)(wall_ns / NS_PER_MS % 1000));
}

/* A control character of Unicode (C0, DEL, C1) at p: its number, else -1; C1 takes two bytes. */
static int control_at(const unsigned char *p)
{
    if (p[0] < 0x20 || p[0] == 0x7f) {
        return p[0];
    }
    return p[0] == 0xc2 && p[1] < 0xa0 ? p[1] : -1;
}

static void add_escaped(struct buf *line, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    while (*p != '\0') {
        int control = control_at(p);
        if (*p == '"' || *p == '\\') {
            buf_add_char(line, '\\');
            buf_add_char(line, (char)*p);
        } else if (control == '\n') {
            buf_add_str(line, "\\n");
        } else if (control == '\t') {
            buf_add_str(line, "\\t");
        } else if (control == '\r') {
            buf_add_str(line, "\\r");
        } else if (control >= 0) {
            buf_add_fmt(line, "\\u%04x", (unsigned)control);
        } else {
            buf_add_char(line, (char)*p);
        }
        p += control >= 0x80 ? 2 : 1;
    }
}

static bool needs_quotes(const char *text)
{
    if (*text == '\0') {
        return true;
    }
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if (*p == ' ' || *p == '=' || *p == '"' || *p == '\\' || control_at(p) >= 0) {
            return true;
        }
    }
    return false;
}

static void add_value(struct buf *line, enum log_format format, const char *text)
{
    size_t len = strnlen(text, VALUE_MAX);
    while (text[len] != '\0' && len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) {
        len--; /* cut between characters */
    }
    AUTO(buf_done) struct buf clean = {0};
    utf8_repair(text, len, &clean);
    buf_add_str(&clean, text[len] != '\0' ? "..." : "");

    bool quotes = format == LOG_FORMAT_JSON || needs_quotes(clean.data);
    buf_add_str(line, quotes ? "\"" : "");
    add_escaped(line, clean.data);
    buf_add_str(line, quotes ? "\"" : "");
}

static void add_key(struct buf *line, enum log_format format, const char *key)
{
    if (format == LOG_FORMAT_JSON) {
        buf_add_fmt(line, "%s\"%s\":", line->len == 0 ? "{" : ",", key);
    } else {
        buf_add_fmt(line, "%s%s=", line->len == 0 ? "" : " ", key);
    }
}

static void add_text(struct buf *line, enum log_format format, const char *key, const char *text)
{
    add_key(line, format, key);
    add_value(line, format, text);
}

void log_event(const struct log *log, enum log_level level, const char *event,
               const struct log_field *fields)
{
    if (log == NULL || level < log->level || level >= LOG_LEVEL_NONE) {
        return;
    }
    int saved = errno;
    char now[TIME_SIZE];
    time_format(clock_wall_ns(&clock_system), now);

    AUTO(buf_done) struct buf line = {0};
    add_text(&line, log->format, "time", now);
    add_text(&line, log->format, "level", level_names[level]);
    if (log->process != NULL) {
        add_text(&line, log->format, "process", log->process);
    }
    add_text(&line, log->format, "event", event);
    for (const struct log_field *f = fields; f->key != NULL; f++) {
        if (f->text != NULL) {
            add_text(&line, log->format, f->key, f->text);
        } else {
            add_key(&line, log->format, f->key);
            buf_add_fmt(&line, "%lld", (long long)f->number);
        }
    }
    buf_add_str(&line, log->format == LOG_FORMAT_JSON ? "}\n" : "\n");

    /* A line that cannot be written is lost: nobody could be told, and nobody shall wait. */
    ssize_t n;
    do {
        n = write(log->fd, line.data, line.len);
    } while (n < 0 && errno == EINTR);
    errno = saved;
}
