/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/sources.h"

#include <string.h>

#include "api/json.h"
#include "api/judge0/judge0.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "metrics/metrics.h"
#include "model/execution.h"

struct sieve_check *sources_look(const struct judge0 *j, struct execution *const *all, size_t count,
                                 sieve_fn *fn, void *ctx)
{
    if (!sieve_is_on(j->api->sieve)) {
        return NULL;
    }
    AUTO(mem_freep) struct sieve_text *texts = xcalloc(count + 1, sizeof(*texts));
    for (size_t i = 0; i < count; i++) {
        const struct execution_bytes *source = &all[i]->parts[PART_SOURCE];
        texts[i] = (struct sieve_text){"source_code", source->data, source->len};
    }
    return sieve_look(j->api->sieve, texts, count, fn, ctx);
}

json_t *sources_errors(const struct judge0 *j, const struct sieve_violation *found, size_t count,
                       size_t index)
{
    json_t *list = NULL;
    for (size_t i = 0; i < count; i++) {
        if (found[i].text == index) {
            list = list != NULL ? list : json_array();
            json_array_append_new(list, json_repaired(found[i].message, strlen(found[i].message)));
        }
    }
    if (list == NULL) {
        return NULL;
    }
    metrics_add(j->api->metrics, METRIC_REFUSED, METRIC_LABELS("sieve"), 1);
    return json_pack("{s:o}", "source_code", list);
}
