/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as a dump of Judge0's database: each row becomes an execution, or is counted as refused. */
#include <string.h>

#include "api/json.h"
#include "api/judge0/dump.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "fuzz.h"
#include "model/execution.h"

static int take(void *ctx, struct execution *x, struct err *e)
{
    AUTO(json_freep) json_t *request = NULL;
    size_t *count = ctx;
    REQUIRE(x->id[0] != '\0' && strcmp(x->dialect, "judge0") == 0);
    REQUIRE(json_parse_exact(x->request, strlen(x->request), &request, e) == 0);
    ++*count;
    execution_unref(x);
    return 0;
}

static void say(void *ctx, size_t line, const char *what)
{
    (void)ctx;
    REQUIRE(line > 0 && what[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct dump_counts counts = {0};
    struct err e = {0};
    size_t taken = 0;
    /* fmemopen takes no const, and writes nothing with "r" */
    FILE *in = fmemopen((void *)(uintptr_t)(data + 1), size - 1, "r");
    REQUIRE(in != NULL);
    if (dump_read(in, data[0] % 2 == 1, take, say, &taken, &counts, &e) < 0) {
        REQUIRE(e.text[0] != '\0');
    } else {
        REQUIRE(counts.read == taken);
    }
    fclose(in);
    return 0;
}
