/*
 * bindings: what a script can call, free of any engine.
 */
#include "pac/bindings.h"

#include <string.h>
#include <time.h>

#include "pac/glob.h"
#include "pac/helpers_net.h"
#include "pac/helpers_time.h"
#include "pac/punycode.h"

#define NAME_LIMIT    253 /* of a name in DNS */
#define SCRATCH_LIMIT 262144
#define SHOWN_LIMIT   1024 /* arguments of one call, in a trace */

typedef enum bind_outcome binding(struct bindings *b, const struct value *args,
                                  size_t count, struct value *result);

static enum bind_outcome throws(struct bindings *b, const char *message)
{
    b->message = message;
    return BIND_THROW;
}

/* A method of String.prototype is called on it: undefined and null have none. */
static bool lacks_methods(const struct value *v)
{
    return v->kind == VALUE_UNDEFINED || v->kind == VALUE_NULL;
}

/* ToString of what is no string either, for comparing and matching. */
static struct span text_of(const struct value *v, struct buf *room)
{
    if (v->kind == VALUE_STRING)
        return v->text;
    buf_reset(room);
    value_show(v, room);
    return buf_span(room);
}

static enum bind_outcome bind_is_plain_host_name(struct bindings *b,
                                                 const struct value *args, size_t count,
                                                 struct value *result)
{
    (void)b;
    (void)count;
    *result = args[0].kind == VALUE_STRING
                  ? VALUE_OF_BOOL(helper_is_plain_host_name(args[0].text))
                  : (struct value){.kind = VALUE_NULL};
    return BIND_OK;
}

static enum bind_outcome bind_dns_domain_is(struct bindings *b,
                                            const struct value *args, size_t count,
                                            struct value *result)
{
    (void)count;
    if (lacks_methods(&args[0]) || lacks_methods(&args[1]))
        return throws(b, "dnsDomainIs: an argument is undefined or null");
    *result =
        VALUE_OF_BOOL(args[0].kind == VALUE_STRING && args[1].kind == VALUE_STRING &&
                      helper_dns_domain_is(args[0].text, args[1].text));
    return BIND_OK;
}

static enum bind_outcome bind_local_host_or_domain_is(struct bindings *b,
                                                      const struct value *args,
                                                      size_t count,
                                                      struct value *result)
{
    (void)count;
    if (args[1].kind != VALUE_STRING)
        return throws(b, "localHostOrDomainIs: the second argument is not a string");
    *result = VALUE_OF_BOOL(
        helper_local_host_or_domain_is(text_of(&args[0], &b->scratch), args[1].text));
    return BIND_OK;
}

static enum bind_outcome bind_dns_domain_levels(struct bindings *b,
                                                const struct value *args, size_t count,
                                                struct value *result)
{
    (void)count;
    if (args[0].kind != VALUE_STRING)
        return throws(b, "dnsDomainLevels: the argument is not a string");
    *result = VALUE_OF_NUMBER(helper_dns_domain_levels(args[0].text));
    return BIND_OK;
}

static enum bind_outcome bind_is_valid_ip_address(struct bindings *b,
                                                  const struct value *args,
                                                  size_t count, struct value *result)
{
    (void)count;
    *result = VALUE_OF_BOOL(helper_is_ip(text_of(&args[0], &b->scratch)));
    return BIND_OK;
}

static enum bind_outcome bind_convert_addr(struct bindings *b, const struct value *args,
                                           size_t count, struct value *result)
{
    (void)count;
    if (args[0].kind != VALUE_STRING)
        return throws(b, "convert_addr: the argument is not a string");
    *result = VALUE_OF_NUMBER(helper_convert_addr(args[0].text));
    return BIND_OK;
}

static enum bind_outcome bind_sh_exp_match(struct bindings *b, const struct value *args,
                                           size_t count, struct value *result)
{
    enum glob_result match;
    struct buf source;
    struct span text;
    int matched;

    (void)count;
    if (args[1].kind != VALUE_STRING)
        return throws(b, "shExpMatch: the pattern is not a string");
    text = text_of(&args[0], &b->scratch);
    match = glob_match(text, args[1].text);
    *result = VALUE_OF_BOOL(match == GLOB_YES);
    if (match != GLOB_REGEXP)
        return BIND_OK;
    buf_init(&source, SCRATCH_LIMIT);
    if (glob_regexp(args[1].text, &source) != 0) {
        buf_clear(&source);
        return throws(b, "shExpMatch: the pattern is too long");
    }
    matched = b->regexp(b->regexp_ctx, buf_span(&source), text);
    buf_clear(&source);
    *result = VALUE_OF_BOOL(matched == 1);
    return matched < 0 ? BIND_RETHROW : BIND_OK;
}

static enum bind_outcome bind_weekday_range(struct bindings *b,
                                            const struct value *args, size_t count,
                                            struct value *result)
{
    b->flags |= PAC_USED_CLOCK;
    *result = VALUE_OF_BOOL(helper_weekday_range(&b->clock, args, count));
    return BIND_OK;
}

static enum bind_outcome bind_date_range(struct bindings *b, const struct value *args,
                                         size_t count, struct value *result)
{
    b->flags |= PAC_USED_CLOCK;
    *result = VALUE_OF_BOOL(helper_date_range(&b->clock, args, count));
    return BIND_OK;
}

static enum bind_outcome bind_time_range(struct bindings *b, const struct value *args,
                                         size_t count, struct value *result)
{
    bool inside;

    b->flags |= PAC_USED_CLOCK;
    if (!helper_time_range(&b->clock, args, count, &inside))
        return throws(b, "timeRange: bad number of arguments");
    *result = VALUE_OF_BOOL(inside);
    return BIND_OK;
}

/* ---- lookups ---- */

/* What may stand in a name that is handed to a resolver. */
static bool is_name(struct span name)
{
    if (name.len == 0 || name.len > NAME_LIMIT)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
              c == '-' || c == '_'))
            return false;
    }
    return true;
}

static bool look_up(struct bindings *b, struct span name, enum pac_family family,
                    struct span *addresses)
{
    const struct pac_ask *ask = b->ask;

    for (size_t i = 0; i < ask->name_count; i++) {
        if (ask->names[i].family != family || !span_equal(ask->names[i].name, name))
            continue;
        b->names_used |= (uint32_t)1 << i;
        *addresses = ask->names[i].addresses;
        return true;
    }
    if (ask->name_count >= PAC_NAMES) {
        b->flags |= PAC_FULL_NAMES;
        return true;
    }
    return false;
}

/*
 * The addresses of a host into *addresses, empty if it has none. The views live as long
 * as the argument or the question.
 */
static enum bind_outcome resolve(struct bindings *b, struct span host,
                                 enum pac_family family, struct span *addresses)
{
    int version = helper_ip_version(host);

    *addresses = SPAN("");
    if (version != 0) {
        if (version == 4 || family == PAC_BOTH)
            *addresses = host;
        return BIND_OK;
    }
    buf_reset(&b->name);
    if (punycode_name(host, &b->name) != 0 || !is_name(buf_span(&b->name)) ||
        look_up(b, buf_span(&b->name), family, addresses))
        return BIND_OK;
    b->missing = true;
    b->family = family;
    b->message = "a name has to be looked up first";
    return BIND_MISS;
}

static enum bind_outcome bind_dns_resolve(struct bindings *b, const struct value *args,
                                          size_t count, struct value *result)
{
    struct span address;
    enum bind_outcome outcome;

    (void)count;
    *result = (struct value){.kind = VALUE_NULL};
    if (args[0].kind != VALUE_STRING)
        return BIND_OK;
    outcome = resolve(b, args[0].text, PAC_V4, &address);
    if (outcome == BIND_OK && address.len > 0)
        *result = VALUE_OF_TEXT(address);
    return outcome;
}

static enum bind_outcome bind_is_resolvable(struct bindings *b,
                                            const struct value *args, size_t count,
                                            struct value *result)
{
    enum bind_outcome outcome = bind_dns_resolve(b, args, count, result);

    *result = VALUE_OF_BOOL(result->kind == VALUE_STRING);
    return outcome;
}

static enum bind_outcome bind_dns_resolve_ex(struct bindings *b,
                                             const struct value *args, size_t count,
                                             struct value *result)
{
    struct span addresses;
    enum bind_outcome outcome;

    (void)count;
    *result = (struct value){.kind = VALUE_UNDEFINED};
    if (args[0].kind != VALUE_STRING)
        return BIND_OK;
    outcome = resolve(b, args[0].text, PAC_BOTH, &addresses);
    *result = VALUE_OF_TEXT(addresses);
    return outcome;
}

/* `dnsResolveEx(host) != ''`: true also for what is no string. */
static enum bind_outcome bind_is_resolvable_ex(struct bindings *b,
                                               const struct value *args, size_t count,
                                               struct value *result)
{
    enum bind_outcome outcome = bind_dns_resolve_ex(b, args, count, result);

    *result = VALUE_OF_BOOL(result->kind != VALUE_STRING || result->text.len > 0);
    return outcome;
}

static enum bind_outcome bind_is_in_net(struct bindings *b, const struct value *args,
                                        size_t count, struct value *result)
{
    enum bind_outcome outcome = BIND_OK;
    struct span address;

    (void)count;
    *result = VALUE_OF_BOOL(false);
    /* The network first: without a sound one the host is not looked up. */
    if (args[0].kind != VALUE_STRING || args[1].kind != VALUE_STRING ||
        args[2].kind != VALUE_STRING || !helper_is_ip(args[1].text) ||
        !helper_is_ip(args[2].text))
        return BIND_OK;
    address = args[0].text;
    if (!helper_is_ip(address))
        outcome = resolve(b, args[0].text, PAC_V4, &address);
    *result = VALUE_OF_BOOL(helper_in_net(address, args[1].text, args[2].text));
    return outcome;
}

static enum bind_outcome bind_is_in_net_ex(struct bindings *b, const struct value *args,
                                           size_t count, struct value *result)
{
    (void)b;
    (void)count;
    *result = args[0].kind == VALUE_STRING && args[1].kind == VALUE_STRING
                  ? VALUE_OF_BOOL(helper_in_net_ex(args[0].text, args[1].text))
                  : (struct value){.kind = VALUE_NULL};
    return BIND_OK;
}

static enum bind_outcome bind_sort_ip_address_list(struct bindings *b,
                                                   const struct value *args,
                                                   size_t count, struct value *result)
{
    (void)count;
    *result = (struct value){.kind = VALUE_NULL};
    if (args[0].kind != VALUE_STRING)
        return BIND_OK;
    buf_reset(&b->scratch);
    *result = helper_sort_ip_list(args[0].text, &b->scratch) == 0
                  ? VALUE_OF_TEXT(buf_span(&b->scratch))
                  : VALUE_OF_BOOL(false);
    return BIND_OK;
}

static enum bind_outcome bind_my_ip_address(struct bindings *b,
                                            const struct value *args, size_t count,
                                            struct value *result)
{
    (void)args;
    (void)count;
    b->flags |= PAC_USED_MY_IP;
    *result = VALUE_OF_TEXT(b->ask->my_ip.len > 0 ? b->ask->my_ip : SPAN("127.0.0.1"));
    return BIND_OK;
}

static enum bind_outcome bind_my_ip_address_ex(struct bindings *b,
                                               const struct value *args, size_t count,
                                               struct value *result)
{
    (void)args;
    (void)count;
    b->flags |= PAC_USED_MY_IP;
    *result = VALUE_OF_TEXT(b->ask->my_ip_ex);
    return BIND_OK;
}

/* Shown on a terminal some day: line ends and controls become blanks. */
static enum bind_outcome bind_alert(struct bindings *b, const struct value *args,
                                    size_t count, struct value *result)
{
    struct span text = text_of(&args[0], &b->scratch);
    size_t room = b->alerts.ceiling - b->alerts.len;

    (void)count;
    *result = (struct value){.kind = VALUE_UNDEFINED};
    if (room < text.len + 1)
        b->flags |= PAC_CUT_ALERTS;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if (buf_append(&b->alerts, c < 0x20 || c == 0x7f ? " " : text.at + i, 1) != 0)
            return BIND_OK;
    }
    (void)buf_append_text(&b->alerts, "\n");
    return BIND_OK;
}

static const struct {
    const char *name;
    binding *call;
    bool converts; /* see bindings_converts() */
} table[] = {
    {"alert", bind_alert, true},
    {"convert_addr", bind_convert_addr, true},
    {"dateRange", bind_date_range, true},
    {"dnsDomainIs", bind_dns_domain_is, true},
    {"dnsDomainLevels", bind_dns_domain_levels, true},
    {"dnsResolve", bind_dns_resolve, false},
    {"dnsResolveEx", bind_dns_resolve_ex, false},
    {"isInNet", bind_is_in_net, true},
    {"isInNetEx", bind_is_in_net_ex, false},
    {"isPlainHostName", bind_is_plain_host_name, false},
    {"isResolvable", bind_is_resolvable, false},
    {"isResolvableEx", bind_is_resolvable_ex, false},
    {"isValidIpAddress", bind_is_valid_ip_address, true},
    {"localHostOrDomainIs", bind_local_host_or_domain_is, true},
    {"myIpAddress", bind_my_ip_address, false},
    {"myIpAddressEx", bind_my_ip_address_ex, false},
    {"shExpMatch", bind_sh_exp_match, true},
    {"sortIpAddressList", bind_sort_ip_address_list, false},
    {"timeRange", bind_time_range, true},
    {"weekdayRange", bind_weekday_range, true},
};

size_t bindings_count(void)
{
    return sizeof(table) / sizeof(table[0]);
}

const char *bindings_name(size_t index)
{
    return table[index].name;
}

bool bindings_converts(size_t index)
{
    return table[index].converts;
}

void bindings_init(struct bindings *b)
{
    *b = (struct bindings){.clock.offset = jsdate_zone};
    buf_init(&b->name, 4096);
    buf_init(&b->alerts, PAC_ALERTS_LIMIT);
    buf_init(&b->trace, PAC_TRACE_LIMIT);
    buf_init(&b->scratch, SCRATCH_LIMIT);
}

void bindings_clear(struct bindings *b)
{
    buf_clear(&b->name);
    buf_clear(&b->alerts);
    buf_clear(&b->trace);
    buf_clear(&b->scratch);
}

void bindings_begin(struct bindings *b, const struct pac_ask *ask)
{
    b->ask = ask;
    b->clock.now_ms = (double)ask->now_ms;
    b->flags = 0;
    b->names_used = 0;
    b->missing = false;
    buf_reset(&b->name);
    buf_reset(&b->alerts);
    buf_reset(&b->trace);
}

double bindings_now(struct bindings *b)
{
    b->flags |= PAC_USED_CLOCK;
    return b->clock.now_ms;
}

static uint64_t clock_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void show_result(enum bind_outcome outcome, const struct value *result,
                        struct buf *out)
{
    if (outcome == BIND_OK)
        value_show(result, out);
    else
        (void)buf_append_text(out, outcome == BIND_MISS ? "not known yet" : "throws");
}

static void trace(struct bindings *b, size_t index, const struct value *args,
                  size_t count, enum bind_outcome outcome, const struct value *result,
                  uint64_t ns)
{
    struct pac_call call = {.name = span_of(table[index].name), .ns = ns};
    struct buf arguments, shown;

    buf_init(&arguments, SHOWN_LIMIT);
    buf_init(&shown, SHOWN_LIMIT);
    for (size_t i = 0; i < count; i++) {
        (void)buf_append_text(&arguments, i > 0 ? ", " : "");
        value_show(&args[i], &arguments);
    }
    show_result(outcome, result, &shown);
    call.arguments = buf_span(&arguments);
    call.result = buf_span(&shown);
    if (pac_trace_put(&b->trace, &call) != 0)
        b->flags |= PAC_CUT_TRACE;
    buf_clear(&arguments);
    buf_clear(&shown);
}

enum bind_outcome bindings_call(struct bindings *b, size_t index,
                                const struct value *args, size_t count,
                                struct value *result)
{
    struct value all[BINDING_ARGUMENTS] = {{.kind = VALUE_UNDEFINED}};
    enum bind_outcome outcome;
    uint64_t begun;

    *result = (struct value){.kind = VALUE_UNDEFINED};
    if (b->missing)
        return BIND_MISS;
    if (count > BINDING_ARGUMENTS)
        count = BINDING_ARGUMENTS;
    if (count > 0)
        memcpy(all, args, sizeof(*args) * count);
    if (!b->ask->trace)
        return table[index].call(b, all, count, result);
    begun = clock_ns();
    outcome = table[index].call(b, all, count, result);
    trace(b, index, all, count, outcome, result, clock_ns() - begun);
    return outcome;
}
