/*
 * threat: C5
 * defence: cap of each stream
 * tries: print invalid UTF-8 and NUL on both streams without end
 * must: it is stopped; the answer is valid JSON
 * expect: {"verdict": "output_limit"}
 * request: {"limits": {"output_bytes": 65536}}
 */
#include <unistd.h>
int main(void)
{
    static char block[4096] = {(char)0xff, 0, (char)0xc0, (char)0xed, (char)0xa0, (char)0x80};
    for (;;) {
        if (write(1, block, sizeof(block)) < 0 || write(2, block, sizeof(block)) < 0) {
            return 1;
        }
    }
}
