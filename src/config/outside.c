/*
 * outside: which names `outside: direct` hangs on, and whether it can have an effect.
 */
#include "config/internal.h"

/* Of the script; empty for one that comes from no server. */
static struct span script_host(const struct config *config)
{
    struct span none = {NULL, 0};
    struct url url;

    if (!span_starts_nocase(span_of(config->pac), SPAN("http://")) &&
        !span_starts_nocase(span_of(config->pac), SPAN("https://")))
        return none;
    return url_parse(&url, span_of(config->pac)) == NULL ? url.host : none;
}

bool config_way_host(const struct config *config, size_t index, struct span *host)
{
    size_t script = config->pac != NULL ? 1 : 0;

    if (index >= script + config->proxy_count)
        return false;
    *host = index < script ? script_host(config)
                           : span_of(config->proxy[index - script].host);
    return true;
}

void build_check_outside(struct build *b)
{
    const struct config *c = b->config;
    struct netaddr literal;
    struct span host;
    size_t names = 0;

    if (c->outside != CONFIG_OUTSIDE_DIRECT)
        return;
    /* It says "no such name" also where no server could be asked. */
    if (c->resolver == CONFIG_RESOLVER_SYSTEM)
        report_error(b->report, b->outside_place,
                     "the system's resolver cannot tell that a name does not exist: "
                     "\"outside: direct\" needs \"resolver: auto\" or \"dns\"");
    for (size_t i = 0; config_way_host(c, i, &host); i++) {
        names += host.len > 0;
        if (!netaddr_from_ip(&literal, host, 0))
            continue;
        report_warning(b->report, b->outside_place,
                       "\"outside\" has no effect: %.*s is an address, not a name, and "
                       "always exists",
                       SPAN_ARG(host));
        return;
    }
    if (names == 0)
        report_warning(b->report, b->outside_place,
                       "\"outside\" has no effect: neither pac nor proxy names a host");
}
