/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released_now = PTHREAD_COND_INITIALIZER;
static bool released;

void names_release(void)
{
    pthread_mutex_lock(&lock);
    released = true;
    pthread_cond_broadcast(&released_now);
    pthread_mutex_unlock(&lock);
}

static void hang(void)
{
    pthread_mutex_lock(&lock);
    while (!released) {
        pthread_cond_wait(&released_now, &lock);
    }
    pthread_mutex_unlock(&lock);
}

static struct addrinfo *entry_new(const char *address, const char *service, struct addrinfo *next)
{
    struct addrinfo *ai = xcalloc(1, sizeof(*ai));
    struct sockaddr_in *sa = xcalloc(1, sizeof(*sa));
    sa->sin_family = AF_INET;
    sa->sin_port = htons((uint16_t)(service != NULL ? atoi(service) : 0));
    inet_pton(AF_INET, address, &sa->sin_addr);
    ai->ai_family = AF_INET;
    ai->ai_socktype = SOCK_STREAM;
    ai->ai_addr = (struct sockaddr *)sa;
    ai->ai_addrlen = sizeof(*sa);
    ai->ai_next = next;
    return ai;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret)
{
    (void)hints;
    if (strcmp(name, "hang.test") == 0) {
        hang();
        return EAI_NONAME;
    }
    if (strcmp(name, "nowhere.test") == 0) {
        return EAI_NONAME;
    }
    if (strcmp(name, "metadata.test") == 0) {
        *ret = entry_new("169.254.169.254", service, NULL);
    } else {
        *ret = entry_new("127.0.0.1", service, NULL);
    }
    if (strcmp(name, "mixed.test") == 0) {
        *ret = entry_new("10.0.0.1", service, *ret);
    }
    return 0;
}

void freeaddrinfo(struct addrinfo *ai)
{
    while (ai != NULL) {
        struct addrinfo *next = ai->ai_next;
        free(ai->ai_addr);
        free(ai);
        ai = next;
    }
}
