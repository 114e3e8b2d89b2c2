/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ready.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"

/* An address for everybody is not one to connect to. */
static char *url_of(const char *address)
{
    static const struct {
        const char *any, *local;
    } wildcards[] = {{"0.0.0.0:", "127.0.0.1:"}, {"[::]:", "[::1]:"}};
    for (size_t i = 0; i < ARRAY_LEN(wildcards); i++) {
        if (str_starts(address, wildcards[i].any)) {
            return xasprintf("http://%s%s", wildcards[i].local, address + strlen(wildcards[i].any));
        }
    }
    return xasprintf("http://%s", address);
}

/* The first of these that the host has is in the example. */
static const struct {
    const char *tool, *language, *program;
} examples[] = {
    {"/usr/bin/python3", "python", "print(sum(range(10)))"},
    {"/bin/bash", "bash", "echo $((6 * 7))"},
    {"/usr/bin/perl", "perl", "print 6 * 7"},
};

void ready_print(const char *addresses, bool kept)
{
    AUTO(strv_freep) char **lines = strv_split(addresses, "\n");
    if (strv_len(lines) == 0) {
        return;
    }
    AUTO(buf_done) struct buf text = {0};
    buf_add_str(&text, "belljar " BELLJAR_VERSION " is ready on");
    for (char **line = lines; *line; line++) {
        AUTO(mem_freep) char *url = url_of(*line);
        buf_add_fmt(&text, "%s %s", line == lines ? "" : ",", url);
    }
    if (!kept) {
        buf_add_str(&text, ", and keeps submissions until it ends (--data DIR: for good)");
    }
    buf_add_str(&text, "; try:\n");
    AUTO(mem_freep) char *first = url_of(lines[0]);
    size_t i = 0;
    while (i + 1 < ARRAY_LEN(examples) && access(examples[i].tool, X_OK) < 0) {
        i++;
    }
    buf_add_fmt(&text,
                "curl -s %s/api/v2/execute -H 'Content-Type: application/json' -d "
                "'{\"language\":\"%s\",\"version\":\"*\",\"files\":[{\"content\":\"%s\"}]}'\n",
                first, examples[i].language, examples[i].program);
    fputs(text.data, stdout);
    fflush(stdout);
}
