#pragma once
/*
 * product_key - what the outcome of a compile stage depends on, as one name: two stages of one key
 * may be done once.
 *
 * SHA-256 over everything that a compiler is given or can see: the runtime as one look at the host
 * found it, the programs that its command names as they are now, command, environment, files and
 * limits.  Each part is hashed with its length, so
 * that no two different stages are the same bytes.
 */
#include <stdbool.h>
#include <stdint.h>

struct layout;
struct stage_plan;

#define PRODUCT_KEY_SIZE 65 /* hex digits, and the NUL */

/*
 * `caller`: whose the product is; NULL: everybody's.  The plan has the command; its files are those
 * of the layout, or the product of the stage before it.  false: it depends on more than can be
 * hashed (a network, a script of the job's own), or on more than is worth it.
 */
bool product_key_make(const struct stage_plan *plan, const struct layout *layout,
                      const char *caller, char ret[PRODUCT_KEY_SIZE]);
