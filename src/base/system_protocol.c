/*
 * system_protocol: what the daemon and its child `ccgate-system` say to each other.
 */
#include "base/system_protocol.h"

/* What goes into a header line, a log or onto a terminal. */
static bool is_clean(struct span text, bool ascii)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if (c < 0x20 || c == 0x7f || (ascii && c > 0x7e))
            return false;
    }
    return true;
}

static bool is_validator(struct span text)
{
    return text.len <= SYSTEM_HEADER_LIMIT && is_clean(text, true);
}

int system_put_hello(struct buf *out, const struct system_hello *hello)
{
    struct wire_writer w;

    wire_begin(&w, out, SYSTEM_HELLO);
    wire_put_u8(&w, SYSTEM_PROTOCOL);
    wire_put_text(&w, hello->fetcher);
    return wire_end(&w);
}

bool system_get_hello(struct span body, struct system_hello *hello)
{
    struct wire_reader r;
    bool ours;

    wire_open(&r, body);
    ours = wire_u8(&r) == SYSTEM_HELLO && wire_u8(&r) == SYSTEM_PROTOCOL;
    hello->fetcher = wire_text(&r);
    return ours && wire_done(&r) && is_clean(hello->fetcher, true);
}

int system_put_fetch(struct buf *out, const struct system_fetch *fetch)
{
    struct wire_writer w;

    wire_begin(&w, out, SYSTEM_FETCH);
    wire_put_text(&w, fetch->url);
    wire_put_text(&w, fetch->etag);
    wire_put_text(&w, fetch->last_modified);
    wire_put_u32(&w, fetch->limit_ms);
    wire_put_u8(&w, (uint8_t)fetch->ca_count);
    for (size_t i = 0; i < fetch->ca_count; i++)
        wire_put_text(&w, fetch->ca[i]);
    return wire_end(&w);
}

bool system_get_fetch(struct span body, struct system_fetch *fetch)
{
    struct wire_reader r;
    bool ours;

    wire_open(&r, body);
    ours = wire_u8(&r) == SYSTEM_FETCH;
    fetch->url = wire_text(&r);
    fetch->etag = wire_text(&r);
    fetch->last_modified = wire_text(&r);
    fetch->limit_ms = wire_u32(&r);
    fetch->ca_count = wire_u8(&r);
    if (!ours || fetch->ca_count > SYSTEM_CA_FILES)
        return false;
    for (size_t i = 0; i < fetch->ca_count; i++) {
        fetch->ca[i] = wire_text(&r);
        if (!is_clean(fetch->ca[i], false))
            return false;
    }
    return wire_done(&r) && fetch->url.len <= SYSTEM_URL_LIMIT &&
           is_clean(fetch->url, false) && is_validator(fetch->etag) &&
           is_validator(fetch->last_modified);
}

int system_put_fetched(struct buf *out, const struct system_fetched *fetched)
{
    struct wire_writer w;

    wire_begin(&w, out, SYSTEM_FETCHED);
    wire_put_u8(&w, (uint8_t)fetched->result);
    wire_put_u32(&w, fetched->status);
    wire_put_text(&w, fetched->script);
    wire_put_text(&w, fetched->etag);
    wire_put_text(&w, fetched->last_modified);
    wire_put_text(&w, fetched->why);
    return wire_end(&w);
}

bool system_get_fetched(struct span body, struct system_fetched *fetched)
{
    struct wire_reader r;
    uint8_t result;
    bool ours;

    wire_open(&r, body);
    ours = wire_u8(&r) == SYSTEM_FETCHED;
    result = wire_u8(&r);
    fetched->status = wire_u32(&r);
    fetched->script = wire_text(&r);
    fetched->etag = wire_text(&r);
    fetched->last_modified = wire_text(&r);
    fetched->why = wire_text(&r);
    if (!ours || !wire_done(&r) || result > SYSTEM_RESULT_LAST)
        return false;
    fetched->result = (enum system_result)result;
    return (fetched->script.len > 0) == (result == SYSTEM_OK) &&
           fetched->script.len <= PAC_SCRIPT_LIMIT && is_validator(fetched->etag) &&
           is_validator(fetched->last_modified) &&
           fetched->why.len <= SYSTEM_WHY_LIMIT && is_clean(fetched->why, false);
}

int system_put_ask(struct buf *out, const struct system_ask *ask)
{
    struct wire_writer w;

    wire_begin(&w, out, (uint8_t)ask->type);
    wire_put_text(&w, ask->text);
    return wire_end(&w);
}

bool system_get_ask(struct span body, struct system_ask *ask)
{
    struct wire_reader r;
    uint8_t type;

    wire_open(&r, body);
    type = wire_u8(&r);
    ask->type = type == SYSTEM_PROXY ? SYSTEM_PROXY : SYSTEM_WPAD;
    ask->text = wire_text(&r);
    return (type == SYSTEM_PROXY || type == SYSTEM_WPAD) && wire_done(&r) &&
           ask->text.len <= SYSTEM_TEXT_LIMIT && is_clean(ask->text, true);
}

int system_put_answer(struct buf *out, const struct system_answer *answer)
{
    struct wire_writer w;

    wire_begin(&w, out, SYSTEM_ANSWER);
    wire_put_u8(&w, (uint8_t)answer->kind);
    wire_put_u8(&w, answer->every_url);
    wire_put_text(&w, answer->source);
    wire_put_text(&w, answer->text);
    return wire_end(&w);
}

bool system_get_answer(struct span body, struct system_answer *answer)
{
    struct wire_reader r;
    struct span rest, line;
    uint8_t kind, every_url;
    bool good;

    wire_open(&r, body);
    good = wire_u8(&r) == SYSTEM_ANSWER;
    kind = wire_u8(&r);
    every_url = wire_u8(&r);
    answer->source = wire_text(&r);
    answer->text = wire_text(&r);
    good = good && wire_done(&r) && kind <= SYSTEM_KIND_LAST && every_url <= 1 &&
           answer->text.len <= SYSTEM_TEXT_LIMIT &&
           answer->source.len <= SYSTEM_WHY_LIMIT && is_clean(answer->source, true);
    rest = answer->text;
    while (good && span_next(&rest, "\n", &line))
        good = is_clean(line, true);
    answer->kind = good ? (enum system_kind)kind : SYSTEM_NOTHING;
    answer->every_url = every_url == 1;
    return good;
}

const char *system_result_name(enum system_result result)
{
    static const char *const names[SYSTEM_RESULT_LAST + 1] = {
        [SYSTEM_OK] = "ok",
        [SYSTEM_SAME] = "same",
        [SYSTEM_BAD_URL] = "bad_url",
        [SYSTEM_NO_NAME] = "no_name",
        [SYSTEM_NO_CONNECTION] = "no_connection",
        [SYSTEM_TLS] = "tls",
        [SYSTEM_LATE] = "late",
        [SYSTEM_STATUS] = "status",
        [SYSTEM_REDIRECTS] = "redirects",
        [SYSTEM_TOO_LONG] = "too_long",
        [SYSTEM_CUT] = "cut",
        [SYSTEM_HTML] = "html",
        [SYSTEM_NOT_PAC] = "not_pac",
        [SYSTEM_FILE] = "file",
        [SYSTEM_OTHER] = "other",
    };

    return result <= SYSTEM_RESULT_LAST ? names[result] : "unknown";
}

const char *system_kind_name(enum system_kind kind)
{
    static const char *const names[SYSTEM_KIND_LAST + 1] = {
        [SYSTEM_NOTHING] = "nothing", [SYSTEM_PAC_URL] = "pac_url",
        [SYSTEM_PROXIES] = "proxies", [SYSTEM_DIRECT] = "direct",
        [SYSTEM_DETECT] = "detect",   [SYSTEM_UNKNOWN] = "unknown",
        [SYSTEM_FAILED] = "failed",
    };

    return kind <= SYSTEM_KIND_LAST ? names[kind] : "unknown";
}
