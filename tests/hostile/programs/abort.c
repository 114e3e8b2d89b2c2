/*
 * tries: abort()
 * must: a true SIGABRT
 * expect: {"status": "SG", "signal": "SIGABRT", "code": null}
 */
#include <stdlib.h>
int main(void)
{
    abort();
}
