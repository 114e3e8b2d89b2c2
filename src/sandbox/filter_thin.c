/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/filter_thin.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

#define LOAD      (BPF_LD | BPF_W | BPF_ABS)
#define MASK      (BPF_ALU | BPF_AND | BPF_K)
#define EQUAL     (BPF_JMP | BPF_JEQ | BPF_K)
#define IDLE_SIZE 3

static bool is_jump(const struct sock_filter *i)
{
    return BPF_CLASS(i->code) == BPF_JMP;
}

/* Both ways of a jump, as distances; those of an unconditional one are one. */
static void distances(const struct sock_filter *i, size_t ret[2])
{
    bool always = i->code == (BPF_JMP | BPF_JA);
    ret[0] = always ? i->k : i->jt;
    ret[1] = always ? i->k : i->jf;
}

/* Who comes through it loads something else next, so what it leaves behind is not seen. */
static bool is_idle(const struct sock_filter *i, size_t left)
{
    return left > IDLE_SIZE && i[0].code == LOAD && i[1].code == MASK && i[1].k == 0 &&
           i[2].code == EQUAL && i[2].k == 0 && i[2].jt == 0 && i[3].code == LOAD;
}

static void aim(struct sock_filter *i, size_t at, const uint16_t *new)
{
    size_t to[2];
    distances(i, to);
    if (i->code == (BPF_JMP | BPF_JA)) {
        i->k = (uint32_t)(new[at + 1 + to[0]] - new[at] - 1);
    } else {
        i->jt = (uint8_t)(new[at + 1 + to[0]] - new[at] - 1);
        i->jf = (uint8_t)(new[at + 1 + to[1]] - new[at] - 1);
    }
}

size_t filter_thin(struct sock_filter *code, size_t count)
{
    bool entered[BPF_MAXINSNS + 1] = {false}; /* by a jump */
    uint16_t new[BPF_MAXINSNS + 1];           /* where what was there, or follows it, is now */
    size_t kept = 0, to[2];
    for (size_t i = 0; i < count; i++) {
        distances(&code[i], to);
        if (count > BPF_MAXINSNS ||
            (is_jump(&code[i]) && (to[0] >= count - i || to[1] >= count - i))) {
            return count; /* no program that the kernel would take */
        }
        if (is_jump(&code[i])) {
            entered[i + 1 + to[0]] = entered[i + 1 + to[1]] = true;
        }
    }
    for (size_t i = 0, idle = 0; i < count; i++) {
        idle += is_idle(&code[i], count - i) && !entered[i + 1] && !entered[i + 2] ? IDLE_SIZE : 0;
        new[i] = (uint16_t)kept;
        kept += idle == 0;
        idle -= idle > 0;
    }
    new[count] = (uint16_t)kept;
    for (size_t i = 0; i < count; i++) {
        if (new[i + 1] == new[i]) {
            continue;
        }
        if (is_jump(&code[i])) {
            aim(&code[i], i, new);
        }
        code[new[i]] = code[i];
    }
    return kept;
}
