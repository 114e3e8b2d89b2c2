#pragma once
/*
 * names - the lookup of names, as libcurl's threads see it: these stand before libc's.
 *
 *   *.test          127.0.0.1
 *   metadata.test   169.254.169.254
 *   mixed.test      10.0.0.1, then 127.0.0.1
 *   nowhere.test    no such name
 *   hang.test       no answer until names_release; then no such name
 */
void names_release(void);
