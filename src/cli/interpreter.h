#pragma once
/*
 * interpreter - what the first line of a script names.  A pure function.
 */
#include <stddef.h>

/* "python3" of "#!/usr/bin/env -S python3 -u"; NULL: there is none.  The caller frees it. */
char *interpreter_of(const char *text, size_t len);
