/*
 * framing: the verdict on a message body's length (RFC 9112 section 6.3). In doubt it
 * is refused: two readers that disagree about a length are how requests are smuggled.
 */
#include "http/framing.h"

static const struct span CONTENT_LENGTH = {"content-length", 14};
static const struct span TRANSFER_ENCODING = {"transfer-encoding", 17};

/* What the Transfer-Encoding fields of a message amount to. */
enum codings {
    CODINGS_CHUNKED,  /* exactly one, chunked */
    CODINGS_IDENTITY, /* exactly one, identity (of RFC 2616, gone since) */
    CODINGS_OTHER,    /* real codings, then chunked */
    CODINGS_NOT_LAST, /* the last one is not chunked */
    CODINGS_FAULTY,   /* none, no token, chunked twice, identity among others */
};

static enum framing_verdict refuse(const char **why, const char *what)
{
    *why = what;
    return FRAMING_BAD;
}

/* ---- Content-Length ---- */

/* 5, 5 is 5 (RFC 9110 section 8.6); an empty item is no number. */
static bool read_lengths(struct span list, bool *seen, uint64_t *length)
{
    struct span item = {0};

    if (list.len == 0 || list.at[list.len - 1] == ',')
        return false;
    while (span_next(&list, ",", &item)) {
        uint64_t number;

        if (!span_to_u64(span_trim(item), &number) || (*seen && number != *length))
            return false;
        *seen = true;
        *length = number;
    }
    return true;
}

enum framing_length framing_content_length(const struct head *head, uint64_t *length)
{
    const struct head_field *field = head_find(head, CONTENT_LENGTH);
    bool seen = false;

    *length = 0;
    for (; field != NULL; field = head_find_next(head, field, CONTENT_LENGTH)) {
        if (!read_lengths(field->value, &seen, length))
            return FRAMING_LENGTH_FAULTY;
    }
    return seen ? FRAMING_LENGTH_VALID : FRAMING_LENGTH_ABSENT;
}

/* ---- Transfer-Encoding ---- */

struct coding_count {
    unsigned chunked, identity, other;
    bool faulty, chunked_is_last;
};

static bool is_coding_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];

        if (c <= ' ' || c > '~' || c == '"' || c == '=' || c == '(' || c == ')')
            return false;
    }
    return name.len > 0;
}

static void count_coding(struct coding_count *n, struct span item)
{
    struct span name = item;

    n->chunked_is_last = false;
    if (span_equal_nocase(item, SPAN("chunked"))) {
        n->chunked++;
        n->chunked_is_last = true;
        return;
    }
    if (span_equal_nocase(item, SPAN("identity"))) {
        n->identity++;
        return;
    }
    name.len = span_find(item, ';');
    name = span_trim(name);
    /* Parameters are for other codings: chunked has none (RFC 9112 section 7.1). */
    if (!is_coding_name(name) || span_equal_nocase(name, SPAN("chunked")) ||
        span_equal_nocase(name, SPAN("identity")))
        n->faulty = true;
    n->other++;
}

static enum codings read_codings(const struct head *head)
{
    const struct head_field *field = head_find(head, TRANSFER_ENCODING);
    struct coding_count n = {0};

    for (; field != NULL; field = head_find_next(head, field, TRANSFER_ENCODING)) {
        struct span rest = field->value, item;

        while (span_next(&rest, ",", &item)) {
            item = span_trim(item);
            /* Empty items of a list are skipped (RFC 9110 section 5.6.1.2). */
            if (item.len > 0)
                count_coding(&n, item);
        }
    }
    if (n.faulty || n.chunked > 1 || n.identity > 1 ||
        (n.identity && n.chunked + n.other))
        return CODINGS_FAULTY;
    if (n.identity)
        return CODINGS_IDENTITY;
    if (n.chunked + n.other == 0)
        return CODINGS_FAULTY;
    if (!n.chunked_is_last)
        return CODINGS_NOT_LAST;
    return n.other ? CODINGS_OTHER : CODINGS_CHUNKED;
}

/* ---- verdicts ---- */

static enum framing_verdict verdict_on_request_coding(const struct head *head,
                                                      const char **why)
{
    if (head->minor == 0)
        return refuse(why, "has Transfer-Encoding in HTTP/1.0");
    if (head_find(head, CONTENT_LENGTH) != NULL)
        return refuse(why, "has both Content-Length and Transfer-Encoding");
    switch (read_codings(head)) {
    case CODINGS_CHUNKED:
        return FRAMING_OK;
    case CODINGS_OTHER:
        *why = "uses an unknown transfer coding";
        return FRAMING_UNKNOWN_CODING;
    case CODINGS_IDENTITY:
    case CODINGS_NOT_LAST:
        return refuse(why, "has a last transfer coding other than chunked");
    case CODINGS_FAULTY:
        break;
    }
    return refuse(why, "has a faulty Transfer-Encoding");
}

enum framing_verdict framing_of_request(const struct head *head,
                                        struct framing *framing, const char **why)
{
    *framing = (struct framing){FRAMING_NONE, 0};
    if (head_find(head, TRANSFER_ENCODING) != NULL) {
        framing->kind = FRAMING_CHUNKED;
        return verdict_on_request_coding(head, why);
    }
    switch (framing_content_length(head, &framing->length)) {
    case FRAMING_LENGTH_ABSENT:
        return FRAMING_OK;
    case FRAMING_LENGTH_VALID:
        framing->kind = FRAMING_LENGTH;
        return FRAMING_OK;
    case FRAMING_LENGTH_FAULTY:
        break;
    }
    return refuse(why, "has a faulty Content-Length");
}

static bool has_no_content(const struct head *head, struct span method)
{
    if (head->status < 200 || head->status == 204 || head->status == 304)
        return true;
    return span_equal(method, SPAN("HEAD")) ||
           (span_equal(method, SPAN("CONNECT")) && head->status < 300);
}

static enum framing_verdict verdict_on_response_coding(const struct head *head,
                                                       struct framing *framing,
                                                       const char **why)
{
    if (head->minor == 0)
        return refuse(why, "has Transfer-Encoding in HTTP/1.0");
    switch (read_codings(head)) {
    case CODINGS_CHUNKED:
        framing->kind = FRAMING_CHUNKED;
        return FRAMING_OK;
    case CODINGS_IDENTITY:
        framing->kind = FRAMING_CLOSE;
        return FRAMING_OK;
    case CODINGS_OTHER:
    case CODINGS_NOT_LAST:
        return refuse(why, "uses a transfer coding that was not asked for");
    case CODINGS_FAULTY:
        break;
    }
    return refuse(why, "has a faulty Transfer-Encoding");
}

enum framing_verdict framing_of_response(const struct head *head, struct span method,
                                         struct framing *framing, const char **why)
{
    *framing = (struct framing){FRAMING_NONE, 0};
    if (has_no_content(head, method))
        return FRAMING_OK;
    if (head_find(head, TRANSFER_ENCODING) != NULL)
        return verdict_on_response_coding(head, framing, why);
    switch (framing_content_length(head, &framing->length)) {
    case FRAMING_LENGTH_ABSENT:
        framing->kind = FRAMING_CLOSE;
        return FRAMING_OK;
    case FRAMING_LENGTH_VALID:
        framing->kind = FRAMING_LENGTH;
        return FRAMING_OK;
    case FRAMING_LENGTH_FAULTY:
        break;
    }
    return refuse(why, "has a faulty Content-Length");
}
