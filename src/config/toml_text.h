#pragma once
/*
 * toml_text - strings as toml.h reads them back.
 */
struct buf;

/*
 * Adds `text` (UTF-8) as it is nicest to read: "plain", 'without escapes', or of several lines
 * when it has any.
 */
void toml_text_add(struct buf *ret, const char *text);
