#pragma once
/*
 * compare - is this output the expected one?  Line by line, without what is white at the end of a
 * line and empty lines at the end (Judge0's rule; contract section 12).  Pure.
 */
#include <stdbool.h>
#include <stddef.h>

/*
 * Trailing NUL, tab, LF, VT, FF, CR and blanks of each line do not count, nor do trailing empty
 * lines; all else is compared byte by byte.
 */
bool compare_lines(const char *expected, size_t expected_len, const char *actual,
                   size_t actual_len);
