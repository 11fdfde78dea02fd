/*
 * pac_names: lookups for PAC scripts. See pac_names.h.
 */
#include "route/pac_names.h"

#include <stdlib.h>
#include <string.h>

#define ADDRESSES_LIMIT 4096

static void refused(void *ctx);

void pac_names_init(struct pac_names *names, struct loop *loop,
                    struct resolver *resolver, uint64_t budget_ms,
                    void (*callback)(void *ctx), void *ctx)
{
    *names = (struct pac_names){
        .loop = loop,
        .resolver = resolver,
        .budget_ms = budget_ms,
        .callback = callback,
        .ctx = ctx,
    };
    deferred_init(&names->refused, refused, names);
}

void pac_names_clear(struct pac_names *names)
{
    resolve_cancel(names->query);
    names->query = NULL;
    defer_cancel(&names->refused);
    for (size_t i = 0; i < names->count; i++) {
        free(names->at[i].name);
        free(names->at[i].addresses);
    }
    names->count = 0;
    names->spent_ms = 0;
}

static bool has(const struct pac_names *names, struct span name, enum pac_family family)
{
    for (size_t i = 0; i < names->count; i++)
        if (names->at[i].family == family &&
            span_equal(span_of(names->at[i].name), name))
            return true;
    return false;
}

/* One IPv4 address, or all of both families, as the script gets to see them. */
static char *format(const struct resolve_answer *answer, enum pac_family family)
{
    char text[NETADDR_TEXT];
    struct buf list;
    char *copy;

    buf_init(&list, ADDRESSES_LIMIT);
    for (size_t i = 0; i < answer->count; i++) {
        if (family == PAC_V4 && answer->addresses[i].u.sa.sa_family != AF_INET)
            continue;
        netaddr_format_ip(&answer->addresses[i], text);
        text[strcspn(text, "%")] = '\0';
        (void)buf_printf(&list, "%s%s", list.len > 0 ? ";" : "", text);
        if (family == PAC_V4)
            break;
    }
    copy = span_dup(buf_span(&list));
    buf_clear(&list);
    return copy;
}

static void finish(struct pac_names *names, const struct resolve_answer *answer)
{
    struct pac_name_entry *entry = &names->at[names->count - 1];

    names->spent_ms += loop_now(names->loop) - names->begun;
    entry->addresses = format(answer, entry->family);
    entry->expires = loop_now(names->loop) + answer->lifetime_ms;
    names->callback(names->ctx);
}

static void found(void *ctx, const struct resolve_answer *answer)
{
    struct pac_names *names = ctx;

    names->query = NULL;
    finish(names, answer);
}

static void refused(void *ctx)
{
    static const struct resolve_answer nothing = {.outcome = OUTCOME_DNS_TIMEOUT};

    finish(ctx, &nothing);
}

bool pac_names_find(struct pac_names *names, struct span name, enum pac_family family)
{
    struct pac_name_entry *entry = &names->at[names->count];

    if (names->count == PAC_NAMES || has(names, name, family))
        return false;
    *entry = (struct pac_name_entry){.name = span_dup(name), .family = family};
    if (entry->name == NULL)
        return false;
    names->begun = loop_now(names->loop);
    if (names->budget_ms != 0 && names->spent_ms >= names->budget_ms) {
        defer(names->loop, &names->refused);
    } else {
        names->query = resolve_start(names->resolver, name, 0, found, names);
        if (names->query == NULL) {
            free(entry->name);
            return false;
        }
    }
    names->count++;
    return true;
}

void pac_names_fill(const struct pac_names *names, struct pac_ask *ask)
{
    ask->name_count = names->count;
    for (size_t i = 0; i < names->count; i++)
        ask->names[i] = (struct pac_name){
            .name = span_of(names->at[i].name),
            .family = names->at[i].family,
            .addresses = span_of(names->at[i].addresses),
        };
}

void pac_names_tell(const struct pac_names *names, struct buf *out)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct pac_name_entry *entry = &names->at[i];

        if (entry->addresses != NULL)
            (void)buf_printf(out, "%s%s = %s", out->len > 0 ? ", " : "", entry->name,
                             entry->addresses[0] != '\0' ? entry->addresses
                                                         : "no address");
    }
}

uint64_t pac_names_lifetime(const struct pac_names *names, uint32_t used,
                            uint64_t most_ms)
{
    uint64_t now = loop_now(names->loop);

    for (size_t i = 0; i < names->count; i++) {
        uint64_t expires = names->at[i].expires;
        uint64_t left = expires > now ? expires - now : 0;

        if ((used & (1u << i)) != 0 && left < most_ms)
            most_ms = left;
    }
    return most_ms;
}
