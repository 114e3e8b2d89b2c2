#pragma once
/*
 * store_export_form - what store_export.c writes and store_import.c reads.  Each block has its type
 * and a number of 4 bytes, little-endian.
 */
#define EXPORT_HEAD     "belljar packages 1\n"
#define EXPORT_MANIFEST 'M' /* the number is its length */
#define EXPORT_LAYER    'L' /* the number is its id where it comes from */
#define EXPORT_END      'E' /* 0 */

#define EXPORT_BLOCK_BYTES 5
