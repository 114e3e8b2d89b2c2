/* SPDX-License-Identifier: Apache-2.0 */
#include "init/start.h"

#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "boxproto/boxarchive.h"
#include "init/channel.h"

#define FLAGS_FILE (BOX_START_PAYLOAD_FD | BOX_START_ARCHIVE_FD)
#define FLAGS_LATE (BOX_START_TELL | BOX_START_COLLECT | BOX_START_COLLECT_SOME)

/* What each of the three may say. */
enum phase { PHASE_COLD, PHASE_WARM_UP, PHASE_WARMED };
static const struct phase_rule {
    uint32_t type, flags, flags_must;
    enum box_stdio stdio_max;
    bool program; /* it names one */
} phases[] = {
    [PHASE_COLD] = {BOX_MSG_INIT_START, FLAGS_FILE | FLAGS_LATE | BOX_START_MERGE_STDERR, 0,
                    BOX_STDIO_PTY, true},
    [PHASE_WARM_UP] = {BOX_MSG_WARM, BOX_START_PAYLOAD_FD | BOX_START_MERGE_STDERR, 0,
                       BOX_STDIO_FILE, true},
    [PHASE_WARMED] = {BOX_MSG_INIT_START, FLAGS_FILE | FLAGS_LATE | BOX_START_WARMED,
                      BOX_START_WARMED, BOX_STDIO_PIPE, false},
};

static size_t fds_wanted(const struct box_init_start *m)
{
    return (m->flags & FLAGS_FILE ? 1 : 0) + (m->stdio == BOX_STDIO_FILE ? 3 : 0);
}

static uint64_t count_strings(const struct box_init_start *m)
{
    return (uint64_t)m->argc + m->envc + m->collectc;
}

static int check(const struct box_init_start *m, size_t fd_count, enum phase phase, struct err *e)
{
    const struct phase_rule *rule = &phases[phase];
    if (m->flags & ~rule->flags || ~m->flags & rule->flags_must ||
        (m->flags & FLAGS_FILE) == FLAGS_FILE || m->stdio > rule->stdio_max ||
        fd_count != fds_wanted(m)) {
        return err_set(e, ERR_INVALID, "box init: %s with flags %x, stdio %u, %zu descriptors",
                       box_msg_name(rule->type), m->flags, m->stdio, fd_count);
    }
    if (!rule->program && m->argc + m->envc > 0) {
        return err_set(e, ERR_INVALID, "box init: a second program in START");
    }
    if ((rule->program && m->argc == 0) || count_strings(m) > BOX_STRINGS_COUNT_MAX ||
        m->strings_bytes > BOX_STRINGS_MAX || m->archive_bytes > INT64_MAX) {
        return err_set(e, ERR_LIMIT,
                       "box init: %u arguments, %u variables and %u names to collect take %u bytes;"
                       " 1 to %u strings of %u bytes together are possible",
                       m->argc, m->envc, m->collectc, m->strings_bytes, BOX_STRINGS_COUNT_MAX,
                       BOX_STRINGS_MAX);
    }
    return 0;
}

/* Points the `count` next slots at the strings from `at` on; returns where the strings end. */
static char *lay_out(char **slots, uint32_t count, char *at, const char *end)
{
    for (uint32_t i = 0; at && i < count; i++) {
        char *nul = memchr(at, 0, (size_t)(end - at));
        slots[i] = at;
        at = nul ? nul + 1 : NULL;
    }
    slots[count] = NULL;
    return at;
}

/* Of a warm-up that is one name, of the file that its program waits for. */
static int check_wait(const struct box_init_start *m, char *const *names, struct err *e)
{
    if (m->collectc != 1 || m->archive_bytes != 0 || !box_wait_name_ok(names[0])) {
        return err_set(e, ERR_INVALID, "box init: WARM without a file to wait for");
    }
    return 0;
}

static int check_collect(const struct box_init_start *m, char *const *names, struct err *e)
{
    if (m->head.type == BOX_MSG_WARM) {
        return check_wait(m, names, e);
    }
    int r = 0;
    for (; r == 0 && *names; names++) {
        r = strcmp(*names, ".") == 0 ? 0 : boxarchive_check_path(*names, e);
    }
    return r < 0 ? err_wrap(e, "collect") : 0;
}

/* Room for `size` bytes; what there was is no longer needed. */
static void *string_room(struct start *s, size_t size)
{
    if (s->map) {
        munmap(s->map, s->map_size);
        s->map = NULL;
    }
    if (size <= sizeof(s->room)) {
        return s->room;
    }
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    s->map = map == MAP_FAILED ? NULL : map;
    s->map_size = size;
    return s->map;
}

static int read_strings(struct start *s, struct err *e)
{
    const struct box_init_start *m = &s->msg;
    size_t slots = (size_t)count_strings(m) + 3;
    size_t size = slots * sizeof(char *) + m->strings_bytes;
    s->argv = string_room(s, size);
    if (!s->argv) {
        return err_sys(e, "box init: room for %zu bytes of strings", size);
    }
    char *at = (char *)(s->argv + slots);
    const char *end = at + m->strings_bytes;
    int r = payload_read(&s->payload, at, m->strings_bytes, e);
    if (r < 0) {
        return r;
    }
    s->env = s->argv + m->argc + 1;
    s->collect = s->env + m->envc + 1;
    at = lay_out(s->argv, m->argc, at, end);
    at = lay_out(s->env, m->envc, at, end);
    at = lay_out(s->collect, m->collectc, at, end);
    if (at != end) {
        return err_set(e, ERR_INVALID, "box init: START's strings are not as many as it says");
    }
    return check_collect(m, s->collect, e);
}

/*
 * Strings and archive are one run of bytes, in a file or in frames; or the strings come in frames
 * and the archive is a file of its own, which may then be shared by many boxes.  Of frames the
 * first stands behind START, which has `len` bytes with it.
 */
static int open_payload(struct start *s, size_t len, int fd, struct err *e)
{
    const struct box_init_start *m = &s->msg;
    struct payload *p = &s->payload;
    if (m->flags & BOX_START_PAYLOAD_FD) {
        int r = len > sizeof(*m) ? err_set(e, ERR_INVALID, "box init: two payloads") : 0;
        r = r < 0 ? r : payload_open_file(p, fd, m->strings_bytes + m->archive_bytes, e);
        return r < 0 ? r : read_strings(s, e);
    }
    bool apart = m->flags & BOX_START_ARCHIVE_FD;
    uint64_t framed = m->strings_bytes + (apart ? 0 : m->archive_bytes);
    int r = payload_open_frames(p, framed, sizeof(*m), len, e);
    r = r < 0 ? r : read_strings(s, e);
    return r < 0 || !apart ? r : payload_open_file(p, fd, m->archive_bytes, e);
}

static int read_message(struct start *s, uint32_t types, bool warmed, struct err *e)
{
    int fds[FD_PASS_MAX];
    size_t fd_count = 0;
    char *packet = s->payload.buf;
    size_t len =
        channel_recv(BOX_FD_CONTROL, types, packet, sizeof(s->payload.buf), fds, &fd_count);
    memcpy(&s->msg, packet, sizeof(s->msg));
    enum phase phase = start_is_warm_up(s) ? PHASE_WARM_UP : PHASE_COLD;
    int r = check(&s->msg, fd_count, warmed ? PHASE_WARMED : phase, e);
    if (r < 0) {
        return r;
    }
    bool file = s->msg.flags & FLAGS_FILE;
    if (s->msg.stdio == BOX_STDIO_FILE) {
        memcpy(s->stdio_fds, fds + file, sizeof(s->stdio_fds));
    }
    return open_payload(s, len, file ? fds[0] : -1, e);
}

int start_read(struct start *s, struct err *e)
{
    uint32_t types = UINT32_C(1) << BOX_MSG_INIT_START | UINT32_C(1) << BOX_MSG_WARM;
    return read_message(s, types, false, e);
}

int start_read_warmed(struct start *s, struct err *e)
{
    return read_message(s, UINT32_C(1) << BOX_MSG_INIT_START, true, e);
}

bool start_is_warm_up(const struct start *s)
{
    return s->msg.head.type == BOX_MSG_WARM;
}

void start_unpacked(struct start *s)
{
    fd_closep(&s->payload.fd);
}
