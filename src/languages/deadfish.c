/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deadfish - i, d, s, o: one more, one less, the square, print it with a newline.  A number that is
 * -1 or 256 becomes 0.  White space is skipped; what else there is prints a newline, as the shell
 * of the original does.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "languages/common.h"

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "deadfish 1.0.0");
    uint32_t n = 0; /* the original has an int; what it does beyond is undefined: here it wraps */
    for (size_t i = 0; i < source.len; i++) {
        char c = source.text[i];
        if (n == UINT32_MAX || n == 256) {
            n = 0;
        }
        if (c == 'i') {
            n++;
        } else if (c == 'd') {
            n--;
        } else if (c == 's') {
            n *= n;
        } else if (c == 'o') {
            printf("%" PRId32 "\n", (int32_t)(n == UINT32_MAX || n == 256 ? 0 : n));
        } else if (!c || !strchr(" \t\r\n", c)) {
            putchar('\n');
        }
        if (n == UINT32_MAX || n == 256) {
            n = 0;
        }
    }
    free(source.text);
    return 0;
}
