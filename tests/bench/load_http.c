/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX (1 << 20)

void http_open(struct worker *w)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)w->subject->port)};
    int on = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    text_open(w, w->subject->request);
    w->answer = malloc(ANSWER_MAX + 1);
    w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!w->answer || w->fd < 0 || connect(w->fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
        die("%s: cannot connect to port %d", w->subject->name, w->subject->port);
    }
    setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* Where the body begins; NULL: the head is not there as a whole. */
static const char *body_of(const struct worker *w, size_t len, size_t *ret_body)
{
    static const char key[] = "\r\nContent-Length:";
    const char *end = memmem(w->answer, len, "\r\n\r\n", 4);
    const char *line = end ? strcasestr(w->answer, key) : NULL;
    if (!end) {
        return NULL;
    }
    if (!line || line > end) {
        die("%s: an answer without a length: %s", w->subject->name, w->answer);
    }
    *ret_body = strtoul(line + sizeof(key) - 1, NULL, 10);
    return end + 4;
}

static const char *answer_read(struct worker *w)
{
    size_t len = 0, body = 0;
    const char *start = NULL;
    while (!start || (size_t)(w->answer + len - start) < body) {
        ssize_t n = read(w->fd, w->answer + len, ANSWER_MAX - len);
        if (n <= 0) {
            die("%s: the connection has ended", w->subject->name);
        }
        len += (size_t)n;
        w->answer[len] = '\0';
        start = start ? start : body_of(w, len, &body);
    }
    return start;
}

void http_prepare(struct worker *w)
{
    text_freshen(w);
}

void http_run(struct worker *w)
{
    if (write(w->fd, w->text, w->text_len) != (ssize_t)w->text_len) {
        die("%s: cannot send", w->subject->name);
    }
    const char *body = answer_read(w);
    if (strncmp(w->answer, "HTTP/1.1 200", 12) != 0 || !strstr(body, w->subject->expect)) {
        die("%s: instead of '%s' there came: %s", w->subject->name, w->subject->expect, w->answer);
    }
}
