/*
 * pac_protocol: what the daemon and its child `ccgate-pac` say to each other.
 */
#include "base/pac_protocol.h"

#define HOST_LIMIT 1024

int pac_put_hello(struct buf *out, const struct pac_hello *hello)
{
    struct wire_writer w;

    wire_begin(&w, out, PAC_HELLO);
    wire_put_u8(&w, PAC_PROTOCOL);
    wire_put_text(&w, hello->engine);
    wire_put_u32(&w, hello->sandbox);
    return wire_end(&w);
}

bool pac_get_hello(struct span body, struct pac_hello *hello)
{
    struct wire_reader r;
    bool ours;

    wire_open(&r, body);
    ours = wire_u8(&r) == PAC_HELLO && wire_u8(&r) == PAC_PROTOCOL;
    hello->engine = wire_text(&r);
    hello->sandbox = wire_u32(&r);
    return ours && wire_done(&r);
}

int pac_put_ask(struct buf *out, const struct pac_ask *ask)
{
    struct wire_writer w;

    wire_begin(&w, out, (uint8_t)ask->type);
    wire_put_text(&w, ask->url);
    wire_put_text(&w, ask->host);
    wire_put_u64(&w, ask->now_ms);
    wire_put_u32(&w, ask->limit_ms);
    wire_put_u8(&w, ask->trace);
    wire_put_text(&w, ask->my_ip);
    wire_put_text(&w, ask->my_ip_ex);
    wire_put_u8(&w, (uint8_t)ask->name_count);
    for (size_t i = 0; i < ask->name_count; i++) {
        wire_put_text(&w, ask->names[i].name);
        wire_put_u8(&w, (uint8_t)ask->names[i].family);
        wire_put_text(&w, ask->names[i].addresses);
    }
    return wire_end(&w);
}

static bool get_name(struct wire_reader *r, struct pac_name *name)
{
    uint8_t family;

    name->name = wire_text(r);
    family = wire_u8(r);
    name->addresses = wire_text(r);
    name->family = family == PAC_V4 ? PAC_V4 : PAC_BOTH;
    return family <= PAC_BOTH;
}

bool pac_get_ask(struct span body, struct pac_ask *ask)
{
    struct wire_reader r;
    uint8_t type;
    uint8_t trace;
    bool good;

    wire_open(&r, body);
    type = wire_u8(&r);
    ask->type = type == PAC_LOAD ? PAC_LOAD : PAC_FIND;
    ask->url = wire_text(&r);
    ask->host = wire_text(&r);
    ask->now_ms = wire_u64(&r);
    ask->limit_ms = wire_u32(&r);
    trace = wire_u8(&r);
    ask->trace = trace == 1;
    ask->my_ip = wire_text(&r);
    ask->my_ip_ex = wire_text(&r);
    ask->name_count = wire_u8(&r);
    good = (type == PAC_LOAD || type == PAC_FIND) && trace <= 1 &&
           ask->host.len <= HOST_LIMIT && ask->name_count <= PAC_NAMES;
    for (size_t i = 0; good && i < ask->name_count; i++)
        good = get_name(&r, &ask->names[i]);
    return good && wire_done(&r);
}

int pac_put_answer(struct buf *out, const struct pac_answer *answer)
{
    struct wire_writer w;

    wire_begin(&w, out, (uint8_t)answer->type);
    wire_put_u64(&w, answer->ns);
    wire_put_u8(&w, answer->flags);
    wire_put_u32(&w, answer->names_used);
    wire_put_text(&w, answer->text);
    wire_put_u8(&w, (uint8_t)answer->family);
    wire_put_u8(&w, (uint8_t)answer->error);
    wire_put_u32(&w, answer->line);
    wire_put_text(&w, answer->alerts);
    wire_put_text(&w, answer->trace);
    return wire_end(&w);
}

/* What is shown or forwarded must be what the contract says, whoever wrote it. */
static bool text_fits(const struct pac_answer *answer)
{
    if (answer->type == PAC_NEED_DNS && answer->text.len == 0)
        return false;
    for (size_t i = 0; i < answer->text.len; i++) {
        unsigned char c = (unsigned char)answer->text.at[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
        if (c >= 0x80 && answer->type != PAC_ERROR)
            return false;
    }
    for (size_t i = 0; i < answer->alerts.len; i++) {
        unsigned char c = (unsigned char)answer->alerts.at[i];

        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

bool pac_get_answer(struct span body, struct pac_answer *answer)
{
    struct wire_reader r;
    uint8_t type;
    uint8_t family;
    uint8_t error;

    wire_open(&r, body);
    type = wire_u8(&r);
    if (type < PAC_READY || type > PAC_ERROR)
        return false;
    answer->type = (enum pac_message)type;
    answer->ns = wire_u64(&r);
    answer->flags = wire_u8(&r);
    answer->names_used = wire_u32(&r);
    answer->text = wire_text(&r);
    family = wire_u8(&r);
    error = wire_u8(&r);
    answer->line = wire_u32(&r);
    answer->alerts = wire_text(&r);
    answer->trace = wire_text(&r);
    if (family > PAC_BOTH || error > PAC_ERROR_LAST ||
        (type == PAC_ERROR) != (error != 0))
        return false;
    answer->family = (enum pac_family)family;
    answer->error = (enum pac_error)error;
    return wire_done(&r) && (answer->flags & ~PAC_FLAGS) == 0 &&
           answer->names_used >> PAC_NAMES == 0 &&
           answer->text.len <= PAC_RESULT_LIMIT &&
           answer->alerts.len <= PAC_ALERTS_LIMIT &&
           answer->trace.len <= PAC_TRACE_LIMIT && text_fits(answer);
}

int pac_trace_put(struct buf *trace, const struct pac_call *call)
{
    struct wire_writer w;

    wire_begin(&w, trace, 0);
    wire_put_text(&w, call->name);
    wire_put_text(&w, call->arguments);
    wire_put_text(&w, call->result);
    wire_put_u64(&w, call->ns);
    return wire_end(&w);
}

bool pac_trace_next(struct span *trace, struct pac_call *call)
{
    struct wire_reader r;
    struct span body;
    long size = wire_take(*trace, PAC_TRACE_LIMIT, &body);

    if (size <= 0)
        return false;
    wire_open(&r, body);
    (void)wire_u8(&r);
    call->name = wire_text(&r);
    call->arguments = wire_text(&r);
    call->result = wire_text(&r);
    call->ns = wire_u64(&r);
    *trace = span_skip(*trace, (size_t)size);
    return wire_done(&r);
}

const char *pac_error_name(enum pac_error error)
{
    static const char *const names[PAC_ERROR_LAST + 1] = {
        [PAC_ERROR_SCRIPT] = "script",
        [PAC_ERROR_SYNTAX] = "syntax",
        [PAC_ERROR_NEWER] = "newer",
        [PAC_ERROR_TOP_LEVEL] = "top_level",
        [PAC_ERROR_NO_FUNCTION] = "no_function",
        [PAC_ERROR_NOT_FUNCTION] = "not_function",
        [PAC_ERROR_THREW] = "threw",
        [PAC_ERROR_NOT_STRING] = "not_string",
        [PAC_ERROR_NOT_ASCII] = "not_ascii",
        [PAC_ERROR_MEMORY] = "memory",
        [PAC_ERROR_TIME] = "time",
        [PAC_ERROR_QUESTION] = "question",
    };

    return error <= PAC_ERROR_LAST && names[error] != NULL ? names[error] : "unknown";
}
