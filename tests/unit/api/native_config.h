#pragma once
/* The settings of a server that nobody configured, but for the words given. */
#include "base/err.h"
#include "config/config.h"

static inline struct config *config_of(char *const *words)
{
    static char off[] = "BELLJAR_JUDGE0_CONF=none";
    char *const environment[] = {off, NULL};
    struct config *config = NULL;
    char **rest = NULL;
    struct err e = {0};
    if (config_load(words, environment, &config, &rest, &e) < 0) {
        fail_msg("%s", e.text);
    }
    free(rest);
    return config;
}

static inline struct config *config_usual(void)
{
    static char *const none[] = {NULL};
    return config_of(none);
}
