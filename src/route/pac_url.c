/*
 * pac_url: what FindProxyForURL(url, host) is called with. See pac_url.h.
 */
#include "route/pac_url.h"

int pac_url_host(struct buf *out, struct span host)
{
    int error = buf_reserve(out, host.len);

    if (error != 0)
        return error;
    for (size_t i = 0; i < host.len; i++) {
        char c = host.at[i];

        buf_tail(out)[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    buf_commit(out, host.len);
    return 0;
}

/* scheme://host[:port] */
static int put_origin(struct buf *out, bool secure, struct span host, uint16_t port)
{
    bool ipv6 = span_find(host, ':') < host.len;
    int error = buf_append_text(out, secure ? "https://" : "http://");

    if (error == 0 && ipv6)
        error = buf_append_text(out, "[");
    if (error == 0)
        error = pac_url_host(out, host);
    if (error == 0 && ipv6)
        error = buf_append_text(out, "]");
    if (error == 0 && port != 0 && port != (secure ? 443 : 80))
        error = buf_printf(out, ":%u", (unsigned)port);
    return error;
}

int pac_url_write(struct buf *out, bool secure, struct span host, uint16_t port,
                  struct span path)
{
    int error = put_origin(out, secure, host, port);

    if (error == 0 && (secure || path.len == 0 || path.at[0] != '/'))
        error = buf_append_text(out, "/");
    if (error != 0 || secure)
        return error;
    if (path.len > PAC_URL_LIMIT)
        path.len = PAC_URL_LIMIT;
    return buf_append_span(out, path);
}
