/*
 * ntlm: the NTLM scheme with NTLMv2 (MS-NTHT): Type 1, the proxy's Type 2, Type 3, all
 * on one connection, which is logged in from then on. The same messages also go under
 * the name Negotiate, to proxies that offer nothing else and take them there.
 */
#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "auth/auth_scheme.h"
#include "auth/ntlm_message.h"
#include "auth/token68.h"

enum stage { STAGE_NONE, STAGE_TYPE1, STAGE_TYPE3 };

struct ntlm {
    enum stage stage;
    const char *scheme;    /* its name on the wire */
    char *target;          /* "HTTP/wp1.corp" */
    struct span end_point; /* the connection's */
    unsigned char type1[NTLM_TYPE1_SIZE];
};

static void ntlm_finish(void *state)
{
    struct ntlm *n = state;

    if (n == NULL)
        return;
    free(n->target);
    free(n);
}

static struct ntlm *start(const struct auth_options *options, const char *scheme)
{
    struct ntlm *n = calloc(1, sizeof(*n));
    struct buf target;

    if (n == NULL)
        return NULL;
    n->scheme = scheme;
    n->end_point = options->end_point;
    buf_init(&target, 1024);
    if (buf_printf(&target, "HTTP/%s", options->host == NULL ? "" : options->host) == 0)
        n->target = span_dup(buf_span(&target));
    buf_clear(&target);
    if (n->target == NULL) {
        ntlm_finish(n);
        return NULL;
    }
    return n;
}

static void *ntlm_start(const struct auth_options *options)
{
    return start(options, "NTLM");
}

static void *ntlm_start_negotiate(const struct auth_options *options)
{
    return start(options, "Negotiate");
}

static bool ntlm_decides(const void *state)
{
    const struct ntlm *n = state;

    return n->stage == STAGE_TYPE3;
}

/* ---- the messages ---- */

/* How a step ended, and why, for people. */
struct failure {
    enum outcome outcome;
    const char *detail;
};

static struct failure fail(enum outcome outcome, const char *detail)
{
    return (struct failure){outcome, detail};
}

static struct failure fail_errno(int error)
{
    switch (error) {
    case 0:
        return fail(OUTCOME_OK, "");
    case -EINVAL:
        return fail(OUTCOME_LOGIN_NO_CREDENTIALS,
                    "the user name, the domain or the password is not UTF-8, which "
                    "NTLM needs");
    case -ENOTSUP:
        return fail(OUTCOME_LOGIN_SCHEME,
                    "NTLM needs MD5, which this system refuses (FIPS mode)");
    case -EMSGSIZE:
        return fail(OUTCOME_LOGIN_BROKEN, "the proxy's NTLM challenge is too large");
    default:
        return fail(OUTCOME_INTERNAL, "memory is out");
    }
}

static struct failure say_type1(struct ntlm *n, struct buf *out)
{
    struct buf message;
    int error = ntlm_possible();

    if (error)
        return fail_errno(error);
    buf_init(&message, NTLM_TYPE1_SIZE);
    error = ntlm_type1(&message);
    if (!error) {
        memcpy(n->type1, buf_span(&message).at, NTLM_TYPE1_SIZE);
        error = token68_put(out, n->scheme, buf_span(&message));
    }
    buf_clear(&message);
    n->stage = STAGE_TYPE1;
    return fail_errno(error);
}

/* 100 ns since 1601 */
static uint64_t filetime_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_sec + 11644473600u) * 10000000u +
           (uint64_t)now.tv_nsec / 100;
}

static struct failure answer(struct ntlm *n, const struct ntlm_challenge *challenge,
                             const struct config_login *login, struct buf *out)
{
    unsigned char binding[NTLM_HASH_SIZE];
    struct ntlm_answer a = {
        .type1 = {(const char *)n->type1, sizeof(n->type1)},
        .user = span_of(login->username ? login->username : login->login_name),
        .domain = span_of(login->domain),
        .workstation = span_of(login->workstation),
        .password = secret_reveal(login->password),
        .password_type = login->password_type,
        .target = span_of(n->target),
        .binding = binding,
        .time = filetime_now(),
        .mic = challenge->has_time,
    };
    struct buf message;
    int error;

    if (RAND_bytes(a.nonce, sizeof(a.nonce)) != 1)
        return fail(OUTCOME_INTERNAL, "there are no random numbers");
    buf_init(&message, SIZE_MAX);
    error = ntlm_binding(n->end_point, binding);
    if (!error)
        error = ntlm_type3(&message, challenge, &a);
    if (!error)
        error = token68_put(out, n->scheme, buf_span(&message));
    buf_wipe(&message);
    n->stage = STAGE_TYPE3;
    return fail_errno(error);
}

/*
 * Kerberos proxies refuse Type 1 by another bare challenge: no password was sent, and
 * the next scheme may do.
 */
static struct failure fail_silent(const struct ntlm *n)
{
    if (strcmp(n->scheme, "Negotiate") == 0)
        return fail(OUTCOME_LOGIN_SCHEME, "the proxy takes no NTLM within Negotiate");
    return fail(OUTCOME_LOGIN_BROKEN,
                "the proxy answered the first NTLM message without a challenge");
}

/* NegTokenInit and NegTokenResp (RFC 4178 section 4.2). */
static bool is_spnego(struct span message)
{
    return span_starts(message, SPAN("\x60")) || span_starts(message, SPAN("\xa1"));
}

static struct failure say_type3(struct ntlm *n, const struct auth_turn *turn,
                                struct buf *out, char text[160])
{
    struct ntlm_challenge challenge;
    struct failure failure;
    struct buf message;
    const char *wrong;
    int error;

    if (turn->parameters.len == 0)
        return fail_silent(n);
    buf_init(&message, SIZE_MAX);
    error = token68_get(&message, turn->parameters);
    if (error == -EINVAL) {
        failure =
            fail(OUTCOME_LOGIN_BROKEN, "the proxy's NTLM challenge is not base64");
    } else if (error) {
        failure = fail_errno(error);
    } else if (is_spnego(buf_span(&message))) {
        failure =
            fail(OUTCOME_LOGIN_BROKEN,
                 "the proxy's NTLM challenge is no NTLM message but SPNEGO, which "
                 "belongs to Negotiate");
    } else if ((wrong = ntlm_challenge_parse(&challenge, buf_span(&message))) != NULL) {
        (void)snprintf(text, 160, "the proxy's NTLM challenge %s", wrong);
        failure = fail(OUTCOME_LOGIN_BROKEN, text);
    } else {
        failure = answer(n, &challenge, turn->login, out);
    }
    buf_clear(&message);
    return failure;
}

static void ntlm_step(void *state, const struct auth_turn *turn, struct buf *out,
                      void (*done)(void *ctx, enum outcome outcome, const char *detail),
                      void *ctx)
{
    struct ntlm *n = state;
    char text[160];
    struct failure failure = {OUTCOME_LOGIN_REJECTED, ""};

    if (n->stage == STAGE_NONE)
        failure = say_type1(n, out);
    else if (n->stage == STAGE_TYPE1)
        failure = say_type3(n, turn, out, text);
    done(ctx, failure.outcome, failure.detail);
}

const struct auth_scheme auth_scheme_ntlm = {
    .name = "NTLM",
    .key = CONFIG_AUTH_NTLM,
    .bound = true,
    .needs_password = true,
    .one_try = true,
    .start = ntlm_start,
    .finish = ntlm_finish,
    .decides = ntlm_decides,
    .step = ntlm_step,
};

/* A raw message begins with "NTLMSSP", and the first challenge is a bare one. */
static bool fits_negotiate(struct span parameters)
{
    return parameters.len == 0 || span_starts(parameters, SPAN("TlRMTVNTUA"));
}

const struct auth_scheme auth_scheme_negotiate_ntlm = {
    .name = "Negotiate",
    .key = CONFIG_AUTH_NTLM,
    .bound = true,
    .needs_password = true,
    .one_try = true,
    .fits = fits_negotiate,
    .start = ntlm_start_negotiate,
    .finish = ntlm_finish,
    .decides = ntlm_decides,
    .step = ntlm_step,
};
