#pragma once
/*
 * cleanup - owners that end with their scope.
 *
 *   AUTO(fd_closep) int fd = open(...);      closed when the scope ends
 *   return TAKE(&line, NULL);                moved out: the scope no longer owns it
 */
/* unused: one that is only there for its end is no mistake, as clang takes it to be */
#define AUTO(fn) __attribute__((cleanup(fn), unused))

#define TAKE(ptr, empty)                                                                           \
    ({                                                                                             \
        __typeof__(*(ptr)) taken_ = *(ptr);                                                        \
        *(ptr) = (empty);                                                                          \
        taken_;                                                                                    \
    })

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The struct that holds `member`, from a pointer to the member. */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
