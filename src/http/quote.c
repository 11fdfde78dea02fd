/*
 * quote: cuts one line out of an error page without understanding HTML.
 */
#include "http/quote.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct quote {
    char *out;
    size_t len;
    bool blank; /* a blank is due before the next character */
    bool full;  /* a character did not fit: nothing more is taken */
};

/* The characters that HTML cannot write plainly, and the ones pages use most. */
static const struct entity {
    struct span name;
    struct span text;
} ENTITIES[] = {
    {{"&amp;", 5}, {"&", 1}},   {{"&lt;", 4}, {"<", 1}},  {{"&gt;", 4}, {">", 1}},
    {{"&quot;", 6}, {"\"", 1}}, {{"&#39;", 5}, {"'", 1}}, {{"&nbsp;", 6}, {" ", 1}},
};

/* A whole character, or nothing of it. */
static void quote_add(struct quote *q, struct span character)
{
    size_t due = q->blank ? 1 : 0;

    if (q->len + due + character.len > QUOTE_LIMIT) {
        q->full = true;
        return;
    }
    if (q->blank)
        q->out[q->len++] = ' ';
    q->blank = false;
    memcpy(q->out + q->len, character.at, character.len);
    q->len += character.len;
}

static void quote_blank(struct quote *q)
{
    q->blank = q->len > 0;
}

/*
 * The length of the valid UTF-8 sequence that s begins with, 0 if there is none: no
 * overlong form, no surrogate, nothing above U+10FFFF (RFC 3629 section 4).
 */
static size_t utf8_length(struct span s, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = s.len > 0 ? (unsigned char)s.at[0] : 0xff;
    size_t len = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : 3;

    if (first >= 0xf0)
        len = first < 0xf8 ? 4 : 0;
    if (len == 0 || len > s.len)
        return 0;
    *code = len == 1 ? first : first & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if (((unsigned char)s.at[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | ((unsigned char)s.at[i] & 0x3f);
    }
    if (*code < least[len] || (*code >= 0xd800 && *code <= 0xdfff) || *code > 0x10ffff)
        return 0;
    return len;
}

/*
 * What shows as nothing or as a blank: the control characters C0, DEL and C1, U+00A0,
 * and what breaks lines or turns the direction of the text around it, which could make
 * a quote look like something else.
 */
static bool is_blank(uint32_t code)
{
    return code <= ' ' || (code >= 0x7f && code <= 0xa0) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0xfeff;
}

/* Takes the character that s begins with; gives its length. */
static size_t quote_character(struct quote *q, struct span s)
{
    uint32_t code;
    size_t len = utf8_length(s, &code);

    if (len == 0 || is_blank(code))
        quote_blank(q);
    else
        quote_add(q, (struct span){s.at, len});
    return len > 0 ? len : 1;
}

/* Takes the entity, or else the plain '&', that s begins with; gives its length. */
static size_t quote_entity(struct quote *q, struct span s)
{
    for (size_t i = 0; i < sizeof(ENTITIES) / sizeof(ENTITIES[0]); i++) {
        if (span_starts(s, ENTITIES[i].name)) {
            quote_character(q, ENTITIES[i].text);
            return ENTITIES[i].name.len;
        }
    }
    return quote_character(q, s);
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
    for (size_t i = 0; i < body.len && !q->full;) {
        if (body.at[i] == '<') {
            i = skip_tag(body, i);
            quote_blank(q);
        } else if (body.at[i] == '&') {
            i += quote_entity(q, span_skip(body, i));
        } else {
            i += quote_character(q, span_skip(body, i));
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
