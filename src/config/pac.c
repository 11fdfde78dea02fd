/*
 * pac: the value of `pac`: the URL of a script, or the path of a file.
 */
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

#define SCHEME_LIMIT 8 /* bytes of the longest one that is known, and more */

/* Of RFC 3986 section 3.1; empty if there is none. */
static struct span scheme_of(struct span text)
{
    size_t end = span_find(text, ':');

    if (end == text.len || end > SCHEME_LIMIT)
        return (struct span){text.at, 0};
    for (size_t i = 0; i < end; i++) {
        char c = text.at[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
            return (struct span){text.at, 0};
    }
    return (struct span){text.at, end};
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("/-._~", c) != NULL;
}

/* file:// and the path, with what must not stand in a URL escaped. */
static char *file_url(struct build *b, const char *path)
{
    struct buf url;
    char *text = NULL;
    int error;

    buf_init(&url, SIZE_MAX);
    error = buf_append_text(&url, "file://");
    for (; *path != '\0' && error == 0; path++)
        error = is_plain(*path) ? buf_append(&url, path, 1)
                                : buf_printf(&url, "%%%02X", (unsigned char)*path);
    if (error != 0)
        report_no_memory(b->report);
    else
        text = build_dup(b, buf_span(&url));
    buf_clear(&url);
    return text;
}

/* Its userinfo would stand in status and logs. */
const char *config_pac_wrong(struct span text)
{
    struct span scheme = scheme_of(text);
    struct url url;
    const char *why;

    if (span_equal_nocase(scheme, SPAN("file")) ||
        span_equal_nocase(scheme, SPAN("data")))
        return NULL;
    if (!span_equal_nocase(scheme, SPAN("http")) &&
        !span_equal_nocase(scheme, SPAN("https")))
        return "has a scheme that is not http, https, file or data";
    why = url_parse(&url, text);
    return why == NULL && url.has_userinfo ? "holds a user name" : why;
}

void build_pac(struct build *b, const struct node *at, char **field)
{
    struct span text = node_span(at);
    const char *why = NULL;
    char *path;

    if (text.len == 0)
        return;
    if (scheme_of(text).len == 0) {
        path = build_path(b, at, text);
        *field = path != NULL ? file_url(b, path) : NULL;
        free(path);
        return;
    }
    why = config_pac_wrong(text);
    if (why != NULL)
        report_error(b->report, at, "the URL of the PAC script %s", why);
    else
        *field = build_dup(b, text);
}

/* Below it stands wpad.DOMAIN. */
void build_wpad_domain(struct build *b, const struct node *at, char **field)
{
    struct span text = node_span(at);
    char shown[QUOTE_SIZE];

    if (text.len == 0)
        return;
    /* A dot, and not at an end: nobody's wpad is that of a whole top-level domain. */
    if (text.len > 248 || text.at[0] == '.' || span_find(text, '.') + 1 >= text.len ||
        !url_host_valid(text, false))
        report_error(b->report, at, "\"%s\" is no domain, as in corp.example",
                     quote(text, shown));
    else
        *field = build_dup(b, text);
}
