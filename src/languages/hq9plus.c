/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hq9plus - HQ9+: H greets, Q prints the program, 9 sings, + counts something nobody sees.  All
 * else is comment.
 */
#include <stdio.h>
#include <stdlib.h>

#include "languages/common.h"

static void bottles_print(unsigned count)
{
    if (count == 0) {
        write_str("no more bottles of beer");
        return;
    }
    printf("%u bottle%s of beer", count, count == 1 ? "" : "s");
}

static void song_print(void)
{
    for (unsigned count = 99; count > 0; count--) {
        bottles_print(count);
        write_str(" on the wall, ");
        bottles_print(count);
        write_str(".\nTake one down and pass it around, ");
        bottles_print(count - 1);
        write_str(" on the wall.\n\n");
    }
    write_str("No more bottles of beer on the wall, no more bottles of beer.\n"
              "Go to the store and buy some more, 99 bottles of beer on the wall.\n");
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "hq9plus 1.0.0");
    for (size_t i = 0; i < source.len; i++) {
        char c = source.text[i];
        if (c == 'H' || c == 'h') {
            write_str("Hello, World!\n");
        } else if (c == 'Q' || c == 'q') {
            write_text(source.text, source.len);
        } else if (c == '9') {
            song_print();
        }
    }
    free(source.text);
    return 0;
}
