#pragma once
/*
 * settings - the strict reader of struct boxd_config.
 */
#include "boxproto/boxd_config.h"

struct err;

#define SETTINGS_BOXES_MAX 1024

/* 0 when every field is within its range. */
int settings_check(const struct boxd_config *config, struct err *e);
/* From a memfd that nobody can change any more. */
int settings_read(int fd, struct boxd_config *ret, struct err *e);
