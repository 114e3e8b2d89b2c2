/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filters of boxd's two processes.  boxd's is inherited by its boxes; the maker's only child is
 * none.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxproto/weaken.h"
#include "sandbox/filter.h"
#include "sandbox/filter_program.h"

struct given {
    const char *name;
    bool tap;
    unsigned count;
    struct scmp_arg_cmp tests[FILTER_TESTS_MAX];
};

#define TEST       FILTER_TEST
#define GIVE(call) {.name = #call},
#define GIVE_FOR(call, ...)                                                                        \
    {.name = #call, .count = FILTER_COUNT(__VA_ARGS__), .tests = {__VA_ARGS__}},
#define TAP(call) {.name = #call, .tap = true},
#define TAP_FOR(call, ...)                                                                         \
    {.name = #call, .tap = true, .count = FILTER_COUNT(__VA_ARGS__), .tests = {__VA_ARGS__}},
static const struct given boxd_calls[] = {
#include "sandbox/boxd_calls.def"
};
static const struct given maker_calls[] = {
#include "sandbox/maker_calls.def"
};
#undef TEST
#undef GIVE
#undef GIVE_FOR
#undef TAP
#undef TAP_FOR

struct boxed {
    const char *name;
    int number; /* -1: libseccomp knows it by its name */
    uint32_t action;
};

static const struct boxed boxed_calls[] = {
#define ACTION_ALLOW              SCMP_ACT_ALLOW
#define ACTION_PASS               SCMP_ACT_ALLOW
#define ACTION_REFUSE             SCMP_ACT_ERRNO(EPERM)
#define ACTION_ABSENT             SCMP_ACT_ERRNO(ENOSYS)
#define ALLOW(name)               {#name, -1, ACTION_ALLOW},
#define PASS(name)                {#name, -1, ACTION_PASS},
#define REFUSE(name)              {#name, -1, ACTION_REFUSE},
#define ABSENT(name)              {#name, -1, ACTION_ABSENT},
#define NEWER(number, name, kind) {#name, number, ACTION_##kind},
#include "sandbox/syscalls.def"
};

static int given_add(scmp_filter_ctx ctx, const struct given *g, struct err *e)
{
    int number = seccomp_syscall_resolve_name(g->name);
    int r =
        number < 0 ? 0 : seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, number, g->count, g->tests);
    return r < 0 ? filter_program_failed(r, g->name, e) : 0;
}

static bool is_given(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(boxd_calls); i++) {
        if (strcmp(boxd_calls[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Where a box is refused and boxd is given nothing, both say the same. */
static int boxed_add(scmp_filter_ctx ctx, const struct boxed *b, struct err *e)
{
    int number = b->number >= 0 ? b->number : seccomp_syscall_resolve_name(b->name);
    if (number < 0 || b->action == ACTION_ABSENT || is_given(b->name)) {
        return 0;
    }
    int r = seccomp_rule_add(ctx, b->action, number, 0);
    return r < 0 ? filter_program_failed(r, b->name, e) : 0;
}

static int seal(scmp_filter_ctx ctx, int *ret_memfd, struct err *e)
{
    AUTO(buf_done) struct buf code = {0};
    int r = filter_program_bytes(ctx, &code, e);
    return r < 0 ? r : fd_memfd("filter", code.data, code.len, true, ret_memfd, e);
}

int filter_build_boxd(uint64_t weaken, int *ret_memfd, struct err *e)
{
    bool open = weakened(weaken, WEAKEN_FILTER);
    bool any_abi = open || weakened(weaken, WEAKEN_FILTER_ABI);
    uint32_t foreign = any_abi ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS;
    uint32_t otherwise = open ? SCMP_ACT_ALLOW : ACTION_ABSENT;
    AUTO(filter_program_freep) scmp_filter_ctx ctx = NULL;
    int r = filter_program_new(otherwise, foreign, &ctx, e);
    for (size_t i = 0; i < ARRAY_LEN(boxed_calls) && r == 0 && !open; i++) {
        r = boxed_add(ctx, &boxed_calls[i], e);
    }
    for (size_t i = 0; i < ARRAY_LEN(boxd_calls) && r == 0 && !open; i++) {
        r = given_add(ctx, &boxd_calls[i], e);
    }
    return r < 0 ? r : seal(ctx, ret_memfd, e);
}

int filter_build_maker(bool taps, int *ret_memfd, struct err *e)
{
    AUTO(filter_program_freep) scmp_filter_ctx ctx = NULL;
    int r = filter_program_new(SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_PROCESS, &ctx, e);
    for (size_t i = 0; i < ARRAY_LEN(maker_calls) && r == 0; i++) {
        r = maker_calls[i].tap && !taps ? 0 : given_add(ctx, &maker_calls[i], e);
    }
    return r < 0 ? r : seal(ctx, ret_memfd, e);
}
