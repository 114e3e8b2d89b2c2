/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of WebSockets for tests/bench/stream.py, fast enough not to be what is measured.
 *
 *   stream_client PORT MODE N START
 *
 *   times  the program prints CLOCK_REALTIME: how long each of N lines took to get here
 *   bytes  how long N bytes of output took
 *   echo   a byte there and back, N times, one after the other
 *   many   N sessions at once, each a byte there and back every PAUSE_NS, for ROUNDS
 *
 * START is the start message, with "binary": true.  Prints nanoseconds, one a line.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS   40
#define PAUSE_NS UINT64_C(50000000)
#define ROOM     (1 << 20)

struct frame {
    unsigned opcode;
    const unsigned char *data;
    size_t len;
};

struct peer {
    int fd;
    unsigned char *in; /* ROOM bytes */
    size_t len, at;
    uint64_t sent_ns, due_ns; /* of the byte that is under way; of the next one */
    unsigned rounds;
    bool running;
};

static void die(const char *why)
{
    fprintf(stderr, "stream_client: %s\n", why);
    exit(1);
}

/* Boxes have a monotonic clock of their own. */
static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void say(const struct peer *p, const void *data, size_t len)
{
    if (write(p->fd, data, len) != (ssize_t)len) {
        die("cannot send");
    }
}

/* Masked with zeros, which changes nothing. */
static void send_frame(const struct peer *p, unsigned opcode, const void *data, size_t len)
{
    static unsigned char out[70000];
    size_t head = len < 126 ? 2 : 4;
    if (len > 65535) {
        die("a frame is too long");
    }
    out[0] = (unsigned char)(0x80 | opcode);
    out[1] = (unsigned char)(0x80 | (len < 126 ? len : 126));
    out[2] = (unsigned char)(len >> 8);
    out[3] = (unsigned char)len;
    memset(out + head, 0, 4);
    memcpy(out + head + 4, data, len);
    say(p, out, head + 4 + len);
}

static bool more(struct peer *p)
{
    if (p->at > 0) {
        memmove(p->in, p->in + p->at, p->len - p->at);
        p->len -= p->at;
        p->at = 0;
    }
    ssize_t n = read(p->fd, p->in + p->len, ROOM - p->len);
    p->len += n > 0 ? (size_t)n : 0;
    return n > 0;
}

/* False: it is not there as a whole. */
static bool take_frame(struct peer *p, struct frame *ret)
{
    const unsigned char *in = p->in + p->at;
    size_t have = p->len - p->at, head = 2, len = have >= 2 ? in[1] : 0;
    if (len >= 126) {
        size_t bytes = len == 126 ? 2 : 8;
        head += bytes;
        len = 0;
        for (size_t i = 0; have >= head && i < bytes; i++) {
            len = len << 8 | in[2 + i];
        }
    }
    if (have < head || have < head + len) {
        return false;
    }
    *ret = (struct frame){in[0] & 0xf, in + head, len};
    p->at += head + len;
    return true;
}

static void next_frame(struct peer *p, struct frame *ret)
{
    while (!take_frame(p, ret)) {
        if (!more(p)) {
            die("the connection has ended");
        }
    }
}

static void dial(struct peer *p, int port, const char *start)
{
    static const char hello[] =
        "GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: "
        "websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *p = (struct peer){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .in = malloc(ROOM)};
    if (!p->in || p->fd < 0 || connect(p->fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
        die("cannot connect");
    }
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    say(p, hello, sizeof(hello) - 1);
    unsigned char *end = NULL;
    while (!end) {
        if (!more(p)) {
            die("no answer to the handshake");
        }
        end = memmem(p->in, p->len, "\r\n\r\n", 4);
    }
    if (memcmp(p->in, "HTTP/1.1 101", 12) != 0) {
        die("the handshake was refused");
    }
    p->at = (size_t)(end + 4 - p->in);
    send_frame(p, 1, start, strlen(start));
}

/* Whether it is one that says what is wrong, or that all is over; else text is skipped. */
static void look_at_text(const struct frame *f)
{
    if (f->opcode == 8 || (f->opcode == 1 && memmem(f->data, f->len, "\"error\"", 7))) {
        fprintf(stderr, "%.*s\n", (int)f->len, (const char *)f->data);
        die("an error");
    }
}

static void next_output(struct peer *p, struct frame *ret)
{
    do {
        next_frame(p, ret);
        look_at_text(ret);
    } while (ret->opcode != 2);
}

static void run_times(struct peer *p, unsigned count)
{
    struct frame f;
    while (count-- > 0) {
        next_output(p, &f);
        uint64_t here = now_ns();
        printf("%llu\n", (unsigned long long)(here - strtoull((const char *)f.data + 1, NULL, 10)));
    }
}

static void run_bytes(struct peer *p, uint64_t count)
{
    struct frame f;
    uint64_t got = 0, start = 0;
    while (got < count) {
        next_output(p, &f);
        start = start ? start : now_ns();
        got += f.len - 1;
    }
    printf("%llu\n", (unsigned long long)(now_ns() - start));
}

static void run_echo(struct peer *p, unsigned count)
{
    struct frame f;
    next_output(p, &f); /* it is there */
    while (count-- > 0) {
        uint64_t start = now_ns();
        send_frame(p, 2, "x", 1);
        next_output(p, &f);
        printf("%llu\n", (unsigned long long)(now_ns() - start));
        usleep(2000);
    }
}

/* --- many -------------------------------------------------------------------------------- */

static void on_output(struct peer *p, uint64_t here, unsigned *left)
{
    if (p->sent_ns) {
        printf("%llu\n", (unsigned long long)(here - p->sent_ns));
        p->rounds++;
        *left -= p->rounds == ROUNDS;
    }
    p->sent_ns = 0;
    p->running = true;
}

static void hear(struct peer *p, unsigned *left, unsigned *waiting)
{
    struct frame f;
    if (!more(p)) {
        die("a session has ended");
    }
    uint64_t here = now_ns();
    while (take_frame(p, &f)) {
        look_at_text(&f);
        if (f.opcode == 2) {
            *waiting -= !p->running;
            on_output(p, here, left);
        }
    }
}

static void prod(struct peer *p, uint64_t now)
{
    if (p->due_ns <= now && !p->sent_ns && p->rounds < ROUNDS) {
        p->sent_ns = now_ns();
        p->due_ns = now + PAUSE_NS;
        send_frame(p, 2, "x", 1);
    }
}

static void run_many(int port, unsigned count, const char *start)
{
    struct peer *all = calloc(count, sizeof(*all));
    struct epoll_event ready[64];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    unsigned left = count, waiting = count;
    for (unsigned i = 0; i < count; i++) {
        struct epoll_event want = {.events = EPOLLIN, .data.ptr = &all[i]};
        dial(&all[i], port, start);
        epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &want);
    }
    bool spread = false;
    while (left > 0) {
        int n = epoll_wait(epoll, ready, 64, 1);
        for (int i = 0; i < n; i++) {
            hear(ready[i].data.ptr, &left, &waiting);
        }
        uint64_t now = now_ns();
        for (unsigned i = 0; !spread && waiting == 0 && i < count; i++) {
            all[i].due_ns = now + PAUSE_NS + i * PAUSE_NS / count;
        }
        spread |= waiting == 0;
        for (unsigned i = 0; spread && i < count; i++) {
            prod(&all[i], now);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        die("PORT times|bytes|echo|many N START");
    }
    int port = atoi(argv[1]);
    unsigned long long count = strtoull(argv[3], NULL, 10);
    if (strcmp(argv[2], "many") == 0) {
        run_many(port, (unsigned)count, argv[4]);
        return 0;
    }
    struct peer p;
    dial(&p, port, argv[4]);
    if (strcmp(argv[2], "times") == 0) {
        run_times(&p, (unsigned)count);
    } else if (strcmp(argv[2], "bytes") == 0) {
        run_bytes(&p, count);
    } else {
        run_echo(&p, (unsigned)count);
    }
    return 0;
}
