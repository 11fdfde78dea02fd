/*
 * pac_offenders: hosts that a PAC script is not run for. See pac_offenders.h.
 */
#include "route/pac_offenders.h"

#include <stdlib.h>
#include <string.h>

#define REST_FIRST   10000
#define REST_DOUBLES 6 /* 10 s, 20 s ... 640 s */
#define REST_MOST    600000

static struct pac_offender *entry_of(struct pac_offenders *offenders, const char *host)
{
    for (size_t i = 0; i < PAC_OFFENDERS; i++)
        if (offenders->at[i].host != NULL && strcmp(offenders->at[i].host, host) == 0)
            return &offenders->at[i];
    return NULL;
}

static void drop(struct pac_offender *offender)
{
    free(offender->host);
    free(offender->what);
    *offender = (struct pac_offender){.host = NULL};
}

static struct pac_offender *make_room(struct pac_offenders *offenders)
{
    struct pac_offender *first = &offenders->at[0];

    for (size_t i = 0; i < PAC_OFFENDERS; i++) {
        if (offenders->at[i].host == NULL)
            return &offenders->at[i];
        if (offenders->at[i].until < first->until)
            first = &offenders->at[i];
    }
    drop(first);
    return first;
}

uint64_t pac_offenders_add(struct pac_offenders *offenders, const char *host,
                           const char *what, uint64_t now)
{
    struct pac_offender *offender = entry_of(offenders, host);
    char *copy = span_dup(span_of(what));
    uint64_t rest;

    if (offender == NULL) {
        offender = make_room(offenders);
        offender->host = span_dup(span_of(host));
    }
    if (offender->host == NULL || copy == NULL) {
        free(copy);
        drop(offender);
        return 0;
    }
    free(offender->what);
    offender->what = copy;
    rest = (uint64_t)REST_FIRST
           << (offender->times < REST_DOUBLES ? offender->times : REST_DOUBLES);
    if (rest > REST_MOST)
        rest = REST_MOST;
    offender->times++;
    offender->until = now + rest;
    return rest;
}

const struct pac_offender *pac_offenders_find(const struct pac_offenders *offenders,
                                              const char *host, uint64_t now)
{
    for (size_t i = 0; i < PAC_OFFENDERS; i++) {
        const struct pac_offender *offender = &offenders->at[i];

        if (offender->host != NULL && strcmp(offender->host, host) == 0)
            return offender->until > now ? offender : NULL;
    }
    return NULL;
}

void pac_offenders_forgive(struct pac_offenders *offenders, const char *host)
{
    struct pac_offender *offender = entry_of(offenders, host);

    if (offender != NULL)
        drop(offender);
}

void pac_offenders_clear(struct pac_offenders *offenders)
{
    for (size_t i = 0; i < PAC_OFFENDERS; i++)
        drop(&offenders->at[i]);
}
