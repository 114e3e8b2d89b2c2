#pragma once
/*
 * probe - what this host really gives: each thing is done once, in a child that is thrown away.
 */
#include <stdint.h>

struct boxd_config;
struct err;

/* BOX_FEATURE_* but for those of the cgroup. */
int probe_features(const struct boxd_config *config, uint32_t *ret_features, struct err *e);
/* 0: there is no Landlock. */
uint32_t probe_landlock_abi(void);
