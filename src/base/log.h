#pragma once
/*
 * log - one line per event: logfmt (time=... level=info event="job finished" id=...)
 * or JSON lines.  Values are escaped and cut at 2,000 bytes; a line is one write(2).
 * Any thread may write.  A NULL log swallows everything.
 */
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR, LOG_LEVEL_NONE };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

struct log {
    int fd;
    enum log_level level; /* what is below is not written */
    enum log_format format;
    const char *process; /* "server", "boxd", "parent" */
};

struct log_field {
    const char *key;  /* NULL ends the list */
    const char *text; /* NULL: the number counts */
    int64_t number;
};

static inline struct log_field log_s(const char *key, const char *text)
{
    return (struct log_field){key, text ? text : "", 0};
}

static inline struct log_field log_i(const char *key, int64_t number)
{
    return (struct log_field){key, 0, number};
}

void log_event(const struct log *log, enum log_level level, const char *event,
               const struct log_field *fields);

/* The first field is there so that a comma before none can go (##); it is stepped over. */
#define LOG(log, level, event, ...)                                                                \
    log_event(log, level, event, (const struct log_field[]){{0}, ##__VA_ARGS__, {0}} + 1)
#define LOG_DEBUG(log, event, ...) LOG(log, LOG_LEVEL_DEBUG, event, ##__VA_ARGS__)
#define LOG_INFO(log, event, ...)  LOG(log, LOG_LEVEL_INFO, event, ##__VA_ARGS__)
#define LOG_WARN(log, event, ...)  LOG(log, LOG_LEVEL_WARN, event, ##__VA_ARGS__)
#define LOG_ERROR(log, event, ...) LOG(log, LOG_LEVEL_ERROR, event, ##__VA_ARGS__)
