/*
 * quote: cuts one line out of an error page without understanding HTML.
 */
#include "http/quote.h"

#include <string.h>

struct quote {
    char *out;
    size_t len;
    bool blank; /* a blank is due before the next character */
};

static void quote_add(struct quote *q, char c)
{
    if (c <= ' ' || c > '~') {
        q->blank = q->len > 0;
        return;
    }
    if (q->blank && q->len < QUOTE_LIMIT)
        q->out[q->len++] = ' ';
    q->blank = false;
    if (q->len < QUOTE_LIMIT)
        q->out[q->len++] = c;
}

/* The index of needle in s at or after `from`, without case, or s.len. */
static size_t find_nocase(struct span s, size_t from, struct span needle)
{
    for (size_t i = from; i + needle.len <= s.len; i++)
        if (span_equal_nocase((struct span){s.at + i, needle.len}, needle))
            return i;
    return s.len;
}

static struct span title_of(struct span body)
{
    size_t tag = find_nocase(body, 0, SPAN("<title"));
    size_t begin = tag < body.len ? find_nocase(body, tag, SPAN(">")) + 1 : body.len;

    if (begin >= body.len)
        return (struct span){body.at, 0};
    size_t end = find_nocase(body, begin, SPAN("</title"));
    return (struct span){body.at + begin, end - begin};
}

/* Where the text goes on behind the tag at `i`; scripts and styles are passed over
 * whole. */
static size_t skip_tag(struct span body, size_t i)
{
    struct span rest = span_skip(body, i);

    if (span_starts_nocase(rest, SPAN("<script")))
        i = find_nocase(body, i, SPAN("</script"));
    else if (span_starts_nocase(rest, SPAN("<style")))
        i = find_nocase(body, i, SPAN("</style"));
    else if (span_starts(rest, SPAN("<!--")))
        return find_nocase(body, i, SPAN("-->")) + 3;
    return find_nocase(body, i, SPAN(">")) + 1;
}

static void quote_text(struct quote *q, struct span body)
{
    for (size_t i = 0; i < body.len && q->len < QUOTE_LIMIT;) {
        if (body.at[i] == '<') {
            i = skip_tag(body, i);
            quote_add(q, ' ');
        } else {
            quote_add(q, body.at[i++]);
        }
    }
}

void quote_page(struct span body, char out[QUOTE_LIMIT + 1])
{
    struct quote q = {.out = out};

    quote_text(&q, title_of(body));
    if (q.len == 0)
        quote_text(&q, body);
    out[q.len] = '\0';
}
