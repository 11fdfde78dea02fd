/*
 * pem: see pem.h.
 */
#include "certs/pem.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#define DASHES      "-----"
#define LABEL_LIMIT 64

void pem_init(struct pem *pem, struct span text)
{
    *pem = (struct pem){.text = text, .line = 1};
}

/* The place of the word at or behind `from`, or the end of the text. */
static size_t find(struct span text, size_t from, struct span word)
{
    const char *found = memmem(text.at + from, text.len - from, word.at, word.len);

    return found != NULL ? (size_t)(found - text.at) : text.len;
}

/* The label that stands at `at`, before the dashes; *end is where those end. */
static bool take_label(struct span text, size_t at, struct span *label, size_t *end)
{
    struct span rest = span_skip(text, at);
    size_t len;

    if (rest.len > LABEL_LIMIT + sizeof(DASHES))
        rest.len = LABEL_LIMIT + sizeof(DASHES);
    len = find(rest, 0, SPAN(DASHES));
    *label = (struct span){rest.at, len};
    *end = at + len + strlen(DASHES);
    return len < rest.len && span_find(*label, '\n') == len;
}

static size_t line_of(struct pem *pem, size_t at)
{
    for (; pem->counted < at; pem->counted++)
        if (pem->text.at[pem->counted] == '\n')
            pem->line++;
    return pem->line;
}

/* Blanks before it, or a byte order mark, do no harm. */
static bool is_glued(struct span text, size_t at)
{
    return at > 0 && text.at[at - 1] == '-';
}

/* The body, and where the block ends: behind its END, or where the next one begins. */
static void take_body(struct pem *pem, size_t from, struct pem_block *block)
{
    const struct span end_mark = SPAN("-----END ");
    size_t at = find(pem->text, from, SPAN(DASHES));
    struct span label;

    block->body = (struct span){pem->text.at + from, at - from};
    pem->at = at;
    if (!span_starts(span_skip(pem->text, at), end_mark) ||
        !take_label(pem->text, at + end_mark.len, &label, &pem->at)) {
        pem->at = at;
        return;
    }
    block->whole = span_equal(label, block->label);
}

bool pem_next(struct pem *pem, struct pem_block *block)
{
    const struct span mark = SPAN("-----BEGIN ");

    for (;;) {
        size_t at = find(pem->text, pem->at, mark), end;

        if (at == pem->text.len)
            return false;
        pem->at = at + mark.len;
        *block = (struct pem_block){.line = line_of(pem, at),
                                    .glued = is_glued(pem->text, at)};
        if (!take_label(pem->text, pem->at, &block->label, &end))
            continue;
        take_body(pem, end, block);
        return true;
    }
}

/* ---- base64 ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

static bool is_digit(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           c == '+' || c == '/';
}

/* Four digits at a time; '=' may only fill the last group. */
struct group {
    unsigned char digits[4];
    size_t count;
    size_t fill;
};

static int group_put(struct group *g, struct buf *bytes)
{
    unsigned char three[3];

    if (EVP_DecodeBlock(three, g->digits, 4) != 3)
        return -EINVAL;
    g->count = 0;
    return buf_append(bytes, three, 3 - g->fill);
}

int pem_decode(struct span body, struct buf *bytes)
{
    struct group g = {.count = 0};

    for (size_t i = 0; i < body.len; i++) {
        char c = body.at[i];
        int error;

        if (is_blank(c))
            continue;
        if (c == '=' && g.count >= 2)
            g.fill++;
        else if (!is_digit(c) || g.fill > 0)
            return -EINVAL;
        g.digits[g.count++] = (unsigned char)c;
        error = g.count == 4 ? group_put(&g, bytes) : 0;
        if (error != 0)
            return error;
    }
    return g.count == 0 ? 0 : -EINVAL;
}
