#pragma once
/*
 * store_fixture - a package store, and runtimes in it of recipes that a test writes.
 */
#include "bench.h"

/* A layer with empty files at these paths, NULL-ended: "usr/bin/x"; "x/" is a directory, and of
 * "!x" a whiteout is left. */
uint32_t files_layer(struct bench *b, const char *const *paths);
/* "toy/1", by the usual keys of a recipe and these behind them; the caller frees it. */
struct manifest *toy_manifest(const char *keys, const uint32_t *layers, size_t count);
/* Likewise, put into the store under `id` with `version`. */
void toy_put(struct bench *b, const char *id, const char *version, const uint32_t *layers,
             size_t count);
/* Whether who removes the layer need not wait. */
bool layer_is_free(const struct bench *b, uint32_t id);
