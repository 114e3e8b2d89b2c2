/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prove_row.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/style.h"

#define RESULT_WIDTH  8
#define DETAIL_INDENT 17

static const struct {
    const char *name;
    enum style style;
} results[PROVE_RESULT_COUNT] = {
    [PROVE_HELD] = {"held", STYLE_GREEN},
    [PROVE_LEAKED] = {"LEAKED", STYLE_BOLD_RED},
    [PROVE_ABSENT] = {"absent", STYLE_YELLOW},
    [PROVE_NOT_RUN] = {"not run", STYLE_YELLOW},
};

void prove_row_set(struct prove_row *row, enum prove_result result, const char *detail)
{
    free(row->detail);
    row->detail = xstrdup(detail);
    row->result = result;
}

void prove_row_done(struct prove_row *row)
{
    free(row->threat);
    free(row->name);
    free(row->defence);
    free(row->tries);
    free(row->detail);
    *row = (struct prove_row){0};
}

const char *prove_result_name(enum prove_result result)
{
    return results[result].name;
}

/* What is long comes last, so that the columns stand in a narrow terminal, too. */
void prove_rows_head(int name_width, FILE *out)
{
    fprintf(out, "%-7s %-*s %-*s  %s\n", "THREAT", RESULT_WIDTH, "RESULT", name_width, "PROGRAM",
            "DEFENCE");
    fflush(out);
}

void prove_row_print(const struct prove_row *row, int name_width, bool coloured, FILE *out)
{
    const char *result = results[row->result].name;
    fprintf(out, "%-7s ", row->threat);
    style_put(out, coloured, results[row->result].style, result);
    fprintf(out, "%*s %-*s  %s\n", RESULT_WIDTH - (int)strlen(result), "", name_width, row->name,
            row->defence);
    if (row->detail[0]) {
        fprintf(out, "%*s%s\n", DETAIL_INDENT, "", row->detail);
    }
    fflush(out);
}

json_t *prove_row_json(const struct prove_row *row)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:f}", "threat", row->threat, "name",
                     row->name, "defence", row->defence, "tries", row->tries, "result",
                     results[row->result].name, "detail", row->detail, "seconds", row->seconds);
}
