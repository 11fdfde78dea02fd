/*
 * fetch: a PAC file from its URL to a script in UTF-8. See fetch.h.
 */
#include "pac/fetch.h"

#include <stdarg.h>
#include <stdio.h>

#include "pac/fetch_text.h"

void fetch_init(struct fetch *fetch)
{
    *fetch = (struct fetch){0};
    buf_init(&fetch->bytes, SYSTEM_FETCH_LIMIT);
    buf_init(&fetch->script, PAC_SCRIPT_LIMIT);
}

void fetch_clear(struct fetch *fetch)
{
    buf_clear(&fetch->bytes);
    buf_clear(&fetch->script);
}

bool fetch_fail(struct fetch *fetch, enum system_result result, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(fetch->why, sizeof(fetch->why), format, arguments);
    va_end(arguments);
    for (char *c = fetch->why; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    fetch->answer.result = result;
    fetch->answer.why = span_of(fetch->why);
    return false;
}

static bool get(struct fetch *fetch, const struct system_fetch *ask)
{
    if (span_starts_nocase(ask->url, SPAN("http://")) ||
        span_starts_nocase(ask->url, SPAN("https://")))
        return fetch_http(fetch, ask);
    if (span_starts_nocase(ask->url, SPAN("file:")))
        return fetch_file(fetch, ask->url);
    if (span_starts_nocase(ask->url, SPAN("data:")))
        return fetch_data(fetch, ask->url);
    return fetch_fail(fetch, SYSTEM_BAD_URL,
                      "is no http, https, file or data URL, the kinds that a PAC file "
                      "is fetched from");
}

static bool refuse_page(struct fetch *fetch, const char *title)
{
    bool moved = fetch->url[0] != '\0';

    return fetch_fail(fetch, SYSTEM_HTML,
                      "is a page of HTML%s%s%s%s%s instead of a PAC script: a captive "
                      "portal, a login or an error page",
                      title[0] != '\0' ? " (\"" : "", title,
                      title[0] != '\0' ? "\")" : "", moved ? " from " : "", fetch->url);
}

/* Whatever its MIME type says: servers that know that of PAC files are few. */
static bool take(struct fetch *fetch)
{
    struct span charset = fetch_charset(span_of(fetch->content_type));
    char title[FETCH_TITLE];
    struct span text;

    if (fetch_decode(buf_span(&fetch->bytes), charset, &fetch->script) != 0)
        return fetch_fail(fetch, SYSTEM_OTHER, "does not fit into memory");
    text = buf_span(&fetch->script);
    if (text.len == 0)
        return fetch_fail(fetch, SYSTEM_NOT_PAC, "is empty");
    if (fetch_is_html(text, title))
        return refuse_page(fetch, title);
    if (!fetch_is_pac(text))
        return fetch_fail(fetch, SYSTEM_NOT_PAC,
                          "is no PAC script: FindProxyForURL does not stand in it");
    fetch->answer.script = text;
    fetch->answer.etag = span_of(fetch->etag);
    fetch->answer.last_modified = span_of(fetch->last_modified);
    return true;
}

void fetch_run(struct fetch *fetch, const struct system_fetch *ask)
{
    fetch_clear(fetch);
    fetch_init(fetch);
    if (get(fetch, ask) && fetch->answer.result == SYSTEM_OK)
        (void)take(fetch);
}
