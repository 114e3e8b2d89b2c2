/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a judge0.conf: what parses must have names, values within their limit and lines in
 * order; what does not must name a line, and leave nothing behind.
 */
#include <string.h>

#include "base/err.h"
#include "config/judge0_text.h"
#include "fuzz.h"

static void text_check(const struct judge0_text *t)
{
    unsigned line = 1;
    for (size_t i = 0; i < t->count; i++) {
        const struct judge0_setting *s = &t->settings[i];
        if (!*s->name || strlen(s->value) > JUDGE0_TEXT_VALUE_MAX || s->line < line) {
            abort();
        }
        if (!t->has_sections && (*s->section || strpbrk(s->name, " =$\n"))) {
            abort();
        }
        line = s->line;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct judge0_text t = {0};
    struct err e = {0};
    if (judge0_text_parse("f", (const char *)data, size, &t, &e) == 0) {
        text_check(&t);
    } else if (strncmp(e.text, "f:", 2) != 0 || t.settings) {
        abort();
    }
    judge0_text_done(&t);
    return 0;
}
