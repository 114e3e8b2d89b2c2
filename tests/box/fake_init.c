/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the place of belljar-init, to see what boxd does with one that is lost or taken over: it does
 * what the words on the control socket say, one letter each.
 *
 *   m MAPS   r READY   g wait for GO   x EXITED with status 0   f FAILED   z a text without its end
 *   o a packet that is too large   u an unknown type   s one byte   d a descriptor with READY
 *   l likewise a connection that holds up whoever closes it last
 *   c close the watch socket   q exit   k SIGKILL nobody can send to PID 1, so: abort
 *   p pause for ever   b busy for ever   w say so, and wait for a word
 *   t TYPE SIZE: a message of this type (one byte) and size (two bytes, low one first)
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "boxproto/boxproto.h"

static void say(uint32_t type, size_t size)
{
    static char packet[BOX_PACKET_MAX];
    struct box_head head = {.type = type};
    memcpy(packet, &head, sizeof(head));
    send(BOX_FD_WATCH, packet, size, MSG_NOSIGNAL);
}

static void say_failed(char fill)
{
    struct box_failed failed = {.head = {.type = BOX_MSG_FAILED}, .err = {.kind = ERR_IO}};
    memset(failed.err.text, fill, sizeof(failed.err.text) - (fill == 'f'));
    send(BOX_FD_WATCH, &failed, sizeof(failed), MSG_NOSIGNAL);
}

/* Where it cannot be sent init is lost, too. */
static void say_with_descriptor(int fd)
{
    struct box_ready ready = {.head = {.type = BOX_MSG_READY}};
    struct iovec iov = {&ready, sizeof(ready)};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {{0}};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = &control,
                         .msg_controllen = sizeof(control)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    *c = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    if (sendmsg(BOX_FD_WATCH, &msg, MSG_NOSIGNAL) < 0) {
        _exit(1);
    }
}

/* To a peer that reads nothing; for a minute close() waits for what is on its way to it. */
static int lingering(void)
{
    static const char bytes[1 << 16];
    const struct linger minute = {1, 60};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, len) < 0 || listen(listener, 1) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) < 0 ||
        connect(fd, (struct sockaddr *)&address, len) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &minute, sizeof(minute)) < 0) {
        _exit(1);
    }
    while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0) {
    }
    return fd;
}

static void act(char letter)
{
    char go[64];
    int fd;
    switch (letter) {
    case 'm':
        say(BOX_MSG_MAPS, sizeof(struct box_maps));
        break;
    case 'r':
        say(BOX_MSG_READY, sizeof(struct box_ready));
        break;
    case 'g':
        if (recv(BOX_FD_WATCH, go, sizeof(go), 0) <= 0) {
            _exit(1);
        }
        break;
    case 'x':
        say(BOX_MSG_EXITED, sizeof(struct box_exited));
        break;
    case 'f':
    case 'z':
        say_failed(letter);
        break;
    case 'o':
        say(BOX_MSG_READY, 4096);
        break;
    case 'u':
        say(99, sizeof(struct box_head));
        break;
    case 's':
        say(BOX_MSG_READY, 1);
        break;
    case 'd':
        say_with_descriptor(STDIN_FILENO);
        break;
    case 'l':
        fd = lingering();
        say_with_descriptor(fd);
        close(fd);
        send(BOX_FD_CONTROL, "l", 1, MSG_NOSIGNAL);
        break;
    case 'w':
        send(BOX_FD_CONTROL, "w", 1, MSG_NOSIGNAL);
        recv(BOX_FD_CONTROL, go, sizeof(go), 0);
        break;
    case 'c':
        close(BOX_FD_WATCH);
        break;
    case 'q':
        _exit(0);
    case 'k':
        abort();
    case 'b':
        for (;;) {
        }
    default:
        for (;;) {
            pause();
        }
    }
}

/* The `t` whose type and size stand at `word`. */
static void say_any(const unsigned char *word)
{
    say(word[0], word[1] | (size_t)word[2] << 8);
}

int main(void)
{
    unsigned char script[256];
    ssize_t n = recv(BOX_FD_CONTROL, script, sizeof(script), 0);
    for (ssize_t i = 0; i < n; i++) {
        if (script[i] == 't' && i + 3 < n) {
            say_any(&script[i + 1]);
            i += 3;
        } else {
            act((char)script[i]);
        }
    }
    for (;;) {
        pause();
    }
}
