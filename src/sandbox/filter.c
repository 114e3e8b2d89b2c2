/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two programs, spliced into one.
 *
 * libseccomp gives a call either one action or a chain of tests that ends in the default action;
 * it cannot say "EPERM for these arguments, else ALLOW" in a filter whose default is ENOSYS.  So
 * the first program looks at arguments alone: it refuses, or passes, or has no opinion.  The second
 * is the list of calls.  "No opinion" becomes a jump to the start of the second, and the kernel
 * sees one program, which it checks whole when it is loaded.
 */
#include "sandbox/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxproto/weaken.h"
#include "sandbox/filter_list.h"
#include "sandbox/filter_program.h"

enum call_kind { CALL_ALLOW, CALL_PASS, CALL_REFUSE, CALL_ABSENT };

struct call {
    const char *name;
    int number; /* -1: libseccomp knows it by its name */
    enum call_kind kind;
};

static const struct call calls[] = {
#define ALLOW(name)               {#name, -1, CALL_ALLOW},
#define PASS(name)                {#name, -1, CALL_PASS},
#define REFUSE(name)              {#name, -1, CALL_REFUSE},
#define ABSENT(name)              {#name, -1, CALL_ABSENT},
#define NEWER(number, name, kind) {#name, number, CALL_##kind},
#include "sandbox/syscalls.def"
#undef ALLOW
#undef PASS
#undef REFUSE
#undef ABSENT
#undef NEWER
};

struct rule {
    const char *name;
    enum call_kind kind;
    unsigned count;
    struct scmp_arg_cmp tests[FILTER_TESTS_MAX];
};

static const struct rule rules[] = {
#define TEST FILTER_TEST
#define RULE(call, verdict, ...)                                                                   \
    {                                                                                              \
        .name = #call,                                                                             \
        .kind = (verdict),                                                                         \
        .count = FILTER_COUNT(__VA_ARGS__),                                                        \
        .tests = {__VA_ARGS__},                                                                    \
    },
#define PASS(call, ...)   RULE(call, CALL_PASS, __VA_ARGS__)
#define REFUSE(call, ...) RULE(call, CALL_REFUSE, __VA_ARGS__)
#include "sandbox/rules.def"
#undef TEST
#undef RULE
#undef PASS
#undef REFUSE
};

/* What the first program returns; "go on" is what it returns for everything that has no rule. */
#define ACT_GO_ON  SCMP_ACT_ALLOW
#define ACT_PASS   SCMP_ACT_TRACE(1)
#define ACT_REFUSE SCMP_ACT_ERRNO(EPERM)
#define ACT_ABSENT SCMP_ACT_ERRNO(ENOSYS)

static bool is_open(uint64_t weaken)
{
    return weakened(weaken, WEAKEN_FILTER);
}

static uint32_t foreign_of(uint64_t weaken)
{
    bool any_abi = is_open(weaken) || weakened(weaken, WEAKEN_FILTER_ABI);
    return any_abi ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS;
}

static int program_arguments(uint64_t weaken, scmp_filter_ctx *ret, struct err *e)
{
    AUTO(filter_program_freep) scmp_filter_ctx ctx = NULL;
    int r = filter_program_new(ACT_GO_ON, foreign_of(weaken), &ctx, e);
    if (r < 0) {
        return r;
    }
    bool any = is_open(weaken) || weakened(weaken, WEAKEN_FILTER_ARGUMENTS);
    for (size_t i = 0; i < ARRAY_LEN(rules) && !any; i++) {
        const struct rule *rule = &rules[i];
        int number = seccomp_syscall_resolve_name(rule->name);
        if (number < 0) {
            continue; /* mknod on arm64 */
        }
        uint32_t action = rule->kind == CALL_PASS ? ACT_PASS : ACT_REFUSE;
        r = seccomp_rule_add_array(ctx, action, number, rule->count, rule->tests);
        if (r < 0) {
            return filter_program_failed(r, rule->name, e);
        }
    }
    *ret = TAKE(&ctx, NULL);
    return 0;
}

/* ACT_ABSENT: nothing needs to be said. */
static uint32_t action_of(const struct call *call, uint64_t weaken)
{
    if (is_open(weaken)) {
        return ACT_ABSENT;
    }
    switch (call->kind) {
    case CALL_ALLOW:
        return SCMP_ACT_ALLOW;
    case CALL_PASS:
        return weakened(weaken, WEAKEN_FILTER_ARGUMENTS) ? SCMP_ACT_ALLOW : ACT_REFUSE;
    case CALL_REFUSE:
        return ACT_REFUSE;
    case CALL_ABSENT:
        break;
    }
    return ACT_ABSENT;
}

static int program_list(uint64_t weaken, struct buf *ret, struct err *e)
{
    struct filter_call listed[ARRAY_LEN(calls)];
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        const struct call *call = &calls[i];
        int number = call->number >= 0 ? call->number : seccomp_syscall_resolve_name(call->name);
        uint32_t action = action_of(call, weaken);
        if (number >= 0 && action != ACT_ABSENT) {
            listed[count++] = (struct filter_call){(uint32_t)number, action};
        }
    }
    uint32_t otherwise = is_open(weaken) ? SCMP_ACT_ALLOW : ACT_ABSENT;
    return filter_list_bytes(listed, count, otherwise, foreign_of(weaken), ret, e);
}

/* Both are programs of whole instructions; jumps only go forward, so the second may follow. */
static void splice_returns(struct buf *first)
{
    struct sock_filter *code = (struct sock_filter *)(void *)first->data;
    size_t count = first->len / sizeof(*code);
    for (size_t i = 0; i < count; i++) {
        if (code[i].code != (BPF_RET | BPF_K)) {
            continue;
        }
        if (code[i].k == ACT_GO_ON) {
            code[i] = (struct sock_filter){BPF_JMP | BPF_JA, 0, 0, (uint32_t)(count - i - 1)};
        } else if (code[i].k == ACT_PASS) {
            code[i].k = SECCOMP_RET_ALLOW;
        }
    }
}

int filter_build(uint64_t weaken, int *ret_memfd, struct err *e)
{
    AUTO(filter_program_freep) scmp_filter_ctx arguments = NULL;
    AUTO(buf_done) struct buf program = {0};
    int r = program_arguments(weaken, &arguments, e);
    if (r < 0) {
        return r;
    }
    r = filter_program_bytes(arguments, &program, e);
    if (r < 0) {
        return r;
    }
    splice_returns(&program);
    r = program_list(weaken, &program, e);
    if (r < 0) {
        return r;
    }
    if (program.len > BPF_MAXINSNS * sizeof(struct sock_filter)) {
        return err_set(e, ERR_BUG, "the system call filter has %zu instructions, of %d at most",
                       program.len / sizeof(struct sock_filter), BPF_MAXINSNS);
    }
    return fd_memfd("filter", program.data, program.len, true, ret_memfd, e);
}
