/*
 * negotiate: the Negotiate scheme with Kerberos (RFC 4559): one token, seldom more, on
 * a connection that is logged in from then on. The proxy's own token in its answer
 * proves that it is the one the ticket was made for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/auth_scheme.h"
#include "auth/challenge.h"
#include "auth/token68.h"
#include "base/netaddr.h"

struct negotiate {
    struct gss_context *context; /* NULL: it cannot be done here */
    bool is_ip;
    bool spoken;   /* a token of ours was made */
    bool complete; /* ... and nothing is expected from the proxy any more */
    struct buf *out;
    void (*done)(void *ctx, enum outcome outcome, const char *detail);
    void *ctx;
};

static void negotiate_finish(void *state)
{
    struct negotiate *n = state;

    if (n == NULL)
        return;
    gss_context_free(n->context);
    free(n);
}

/* RFC 5929 section 4, as application data of GSSAPI. */
static bool make_binding(struct buf *binding, struct span end_point)
{
    return end_point.len == 0 ||
           (buf_append_text(binding, "tls-server-end-point:") == 0 &&
            buf_append_span(binding, end_point) == 0);
}

static void *negotiate_start(const struct auth_options *options)
{
    struct negotiate *n = calloc(1, sizeof(*n));
    struct gss_target target = {
        .host = (char *)(uintptr_t)options->host,
        .keytab = options->login->keytab,
        .principal = options->login->principal,
    };
    struct buf binding;
    struct netaddr ip;

    if (n == NULL || options->gss == NULL)
        return n;
    n->is_ip = netaddr_from_ip(&ip, span_of(options->host), 0);
    buf_init(&binding, 256);
    if (make_binding(&binding, options->end_point)) {
        target.binding = binding.data + binding.start;
        target.binding_len = binding.len;
        n->context = gss_context_new(options->gss, options->hop, &target);
    }
    buf_clear(&binding);
    if (n->context != NULL)
        return n;
    free(n);
    return NULL;
}

/* Raw NTLM by this name is the other scheme's. */
static bool negotiate_fits(struct span parameters)
{
    return !span_starts(parameters, SPAN("TlRMTVNTUA"));
}

/* ---- a step ---- */

static void token_made(void *ctx, const struct gss_result *result)
{
    struct negotiate *n = ctx;
    int error = 0;

    if (result->token_len > 0)
        error = token68_put(n->out, "Negotiate",
                            (struct span){result->token, result->token_len});
    n->complete = result->verdict == GSS_COMPLETE;
    if (error == -EMSGSIZE)
        n->done(n->ctx, OUTCOME_LOGIN_SCHEME, "the Kerberos ticket is too large");
    else if (error)
        n->done(n->ctx, OUTCOME_INTERNAL, "memory is out");
    else if (result->verdict == GSS_UNABLE)
        n->done(n->ctx, OUTCOME_LOGIN_SCHEME, result->why);
    else if (result->verdict == GSS_BAD_PEER)
        n->done(n->ctx, OUTCOME_LOGIN_REJECTED, result->why);
    else if (result->token_len == 0)
        n->done(n->ctx, OUTCOME_LOGIN_REJECTED,
                "the proxy asks on, although the Kerberos login is complete");
    else
        n->done(n->ctx, OUTCOME_OK, "");
}

static void answer(struct negotiate *n, struct span parameters)
{
    bool first = !n->spoken;
    struct buf input;
    int error = 0;

    n->spoken = true;
    buf_init(&input, SIZE_MAX);
    if (!first)
        error = token68_get(&input, parameters);
    if (!error && !gss_context_step(n->context, buf_span(&input), token_made, n))
        error = -ENOMEM;
    buf_clear(&input);
    if (error == -EINVAL)
        n->done(n->ctx, OUTCOME_LOGIN_BROKEN,
                "the proxy's Negotiate token is not base64");
    else if (error)
        n->done(n->ctx, OUTCOME_INTERNAL, "memory is out");
}

static void negotiate_step(void *state, const struct auth_turn *turn, struct buf *out,
                           void (*done)(void *ctx, enum outcome outcome,
                                        const char *detail),
                           void *ctx)
{
    struct negotiate *n = state;

    n->out = out;
    n->done = done;
    n->ctx = ctx;
    if (n->context == NULL) {
        done(ctx, OUTCOME_LOGIN_SCHEME, "there is no Kerberos here");
        return;
    }
    if (n->is_ip) {
        done(ctx, OUTCOME_LOGIN_SCHEME,
             "Kerberos knows proxies by name, and this one is configured as an "
             "address: use its name");
        return;
    }
    if (n->spoken && turn->parameters.len == 0) {
        done(ctx, OUTCOME_LOGIN_REJECTED,
             "the proxy refused the Kerberos ticket: its keytab may be stale, it may "
             "have another name in Kerberos, or the clocks may differ");
        return;
    }
    answer(n, turn->parameters);
}

/* ---- the proxy's proof ---- */

/* The token behind Negotiate in a field of this name; empty if there is none. */
static struct span find_token(const struct head *answer, struct span name)
{
    const struct head_field *field = head_find(answer, name);

    for (; field != NULL; field = head_find_next(answer, field, name)) {
        struct span rest = field->value;
        struct challenge challenge;

        while (challenge_next(&rest, &challenge))
            if (span_equal_nocase(challenge.scheme, SPAN("Negotiate")) &&
                challenge.parameters.len > 0)
                return challenge.parameters;
    }
    return (struct span){NULL, 0};
}

/*
 * RFC 4559 section 5 has the token in the field of the challenge, which Apache does;
 * squid has it in the field of RFC 7615. Many proxies send none, so that its absence
 * says nothing.
 */
static enum outcome negotiate_settled(void *state, const struct head *answer,
                                      const char **why)
{
    struct negotiate *n = state;
    struct span token = find_token(answer, SPAN("proxy-authentication-info"));
    struct buf bytes;
    bool good;

    if (token.len == 0)
        token = find_token(answer, SPAN("proxy-authenticate"));
    if (token.len == 0 || n->complete)
        return OUTCOME_OK;
    buf_init(&bytes, SIZE_MAX);
    good = token68_get(&bytes, token) == 0 &&
           gss_context_check(n->context, buf_span(&bytes));
    buf_clear(&bytes);
    if (good)
        return OUTCOME_OK;
    *why = "the proxy could not prove by Kerberos that it is the one it should be";
    return OUTCOME_LOGIN_BROKEN;
}

const struct auth_scheme auth_scheme_negotiate = {
    .name = "Negotiate",
    .key = CONFIG_AUTH_NEGOTIATE,
    .bound = true,
    .fits = negotiate_fits,
    .start = negotiate_start,
    .finish = negotiate_finish,
    .settled = negotiate_settled,
    .step = negotiate_step,
};
