/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default action is EPERM, so that arguments which no row names get it too.  What a kernel may
 * have and we have never heard of must look like a kernel without it: libc then takes another way.
 * So each number that neither our list nor that of boxes knows is given ENOSYS one by one.
 */
#include "cli/server_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

/* Behind the last number of any kernel for some years. */
#define NUMBERS_END 600

#define TESTS_MAX       3
#define TYPE            0xf        /* of a socket, without its flags */
#define NAMESPACES      0x7e020000 /* all CLONE_NEW* */
#define SELF            UINT64_MAX /* stands for our process number */
#define PR_SET_VMA_CALL 0x53564d41 /* glibc names its memory */

struct row {
    const char *name;
    unsigned count;
    struct scmp_arg_cmp tests[TESTS_MAX];
};

static const struct row rows[] = {
#define TEST(number, mask, value)                                                                  \
    {                                                                                              \
        number, SCMP_CMP_MASKED_EQ, mask, value                                                    \
    }
#define ALLOW(call) {.name = #call},
#define PASS(call, ...)                                                                            \
    {                                                                                              \
        .name = #call,                                                                             \
        .count = sizeof((struct scmp_arg_cmp[]){__VA_ARGS__}) / sizeof(struct scmp_arg_cmp),       \
        .tests = {__VA_ARGS__},                                                                    \
    },
#include "cli/server_calls.def"
#undef TEST
#undef ALLOW
#undef PASS
};

/* Those that boxes' list names: they exist. */
static const struct known {
    const char *name;
    int number; /* -1: by name */
    bool absent;
} known[] = {
#define ALLOW(name)               {#name, -1, false},
#define PASS(name)                {#name, -1, false},
#define REFUSE(name)              {#name, -1, false},
#define ABSENT(name)              {#name, -1, true},
#define NEWER(number, name, kind) {#name, number, false},
#include "sandbox/syscalls.def"
#undef ALLOW
#undef PASS
#undef REFUSE
#undef ABSENT
#undef NEWER
};

static int failed(int r, const char *what, struct err *e)
{
    errno = -r;
    return err_sys(e, "the server's system call filter: %s", what);
}

static void mark(bool marks[NUMBERS_END], int number)
{
    if (number >= 0 && number < NUMBERS_END) {
        marks[number] = true;
    }
}

static int row_add(scmp_filter_ctx filter, const struct row *row, int number, struct err *e)
{
    struct scmp_arg_cmp tests[TESTS_MAX];
    memcpy(tests, row->tests, sizeof(tests));
    for (unsigned i = 0; i < row->count; i++) {
        if (tests[i].datum_b == SELF) {
            tests[i].datum_b = (scmp_datum_t)getpid();
        }
    }
    int r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, row->count, tests);
    return r < 0 ? failed(r, row->name, e) : 0;
}

static int rows_add(scmp_filter_ctx filter, bool exists[NUMBERS_END], struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int number = seccomp_syscall_resolve_name(rows[i].name);
        if (number < 0) {
            continue; /* not on this architecture */
        }
        mark(exists, number);
        int r = row_add(filter, &rows[i], number, e);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

static int unknown_add(scmp_filter_ctx filter, bool exists[NUMBERS_END], struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        const struct known *k = &known[i];
        if (!k->absent) {
            mark(exists, k->number >= 0 ? k->number : seccomp_syscall_resolve_name(k->name));
        }
    }
    for (int number = 0; number < NUMBERS_END; number++) {
        int r = exists[number] ? 0 : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0);
        if (r < 0) {
            return failed(r, "calls that are not known", e);
        }
    }
    return 0;
}

static void filter_releasep(scmp_filter_ctx *filter)
{
    seccomp_release(*filter);
}

static int attributes_set(scmp_filter_ctx filter, struct err *e)
{
    static const struct {
        enum scmp_filter_attr name;
        uint32_t value;
    } attributes[] = {
        {SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS},
        {SCMP_FLTATR_CTL_OPTIMIZE, 2}, /* a tree */
        {SCMP_FLTATR_CTL_TSYNC, 1},    /* threads that are there already, too */
    };
    for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
        int r = seccomp_attr_set(filter, attributes[i].name, attributes[i].value);
        if (r < 0) {
            return failed(r, "its attributes", e);
        }
    }
    return 0;
}

int server_filter_load(struct err *e)
{
    bool exists[NUMBERS_END] = {false};
    AUTO(filter_releasep) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter) {
        return err_set(e, ERR_IO, "the server's system call filter: seccomp_init fails");
    }
    int r = attributes_set(filter, e);
    if (r == 0) {
        r = rows_add(filter, exists, e);
    }
    if (r == 0) {
        r = unknown_add(filter, exists, e);
    }
    if (r < 0) {
        return r;
    }
    r = seccomp_load(filter);
    return r < 0 ? failed(r, "loading it", e) : 0;
}
