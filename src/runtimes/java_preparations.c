/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/java_preparations.h"

#include <stddef.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* By itself, as an archive goes with a file of one path and one time. */
static const struct preparation java_tool = {
    .name = "java-tool",
    .files = java_files,
    .command = LIST("sh", "make-tool.sh", "{tool}"),
};

const struct preparation prepared_java = {
    .name = "java",
    .base = &java_tool,
    .files = java_files,
    .command = LIST("sh", "make-archives.sh", "{tool}", "{base}/java.jar"),
};
