/*
 * digest: the Digest scheme (RFC 7616). A nonce is used again, with a count; it has one
 * owner at a time, since proxies want the count in order.
 */
#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth_scheme.h"
#include "auth/digest_message.h"

struct digest {
    struct digest_challenge challenge; /* without a nonce: none came yet */
    char cnonce[DIGEST_CNONCE + 1];
    uint32_t count; /* how often the nonce was used */
    char *user;     /* whom it was used for: proxies bind it to one */
    struct secret *password;
};

static void digest_finish(void *state)
{
    struct digest *d = state;

    if (d == NULL)
        return;
    digest_challenge_clear(&d->challenge);
    free(d->user);
    secret_free(d->password);
    free(d);
}

static void *digest_start(const struct auth_options *options)
{
    struct digest *d = calloc(1, sizeof(*d));

    if (d == NULL)
        return NULL;
    d->user = span_dup(span_of(options->login->login_name));
    d->password = secret_ref(options->login->password);
    if (d->user == NULL) {
        digest_finish(d);
        return NULL;
    }
    return d;
}

/*
 * A nonce that was used may have become stale, for which a body would have to be sent
 * twice. A legacy one (without qop) counts nothing and is as good as any other.
 */
static bool digest_ready(const void *state, const struct config_login *login, bool body)
{
    const struct digest *d = state;

    if (d->challenge.nonce == NULL || d->count == UINT32_MAX)
        return false;
    if (login != NULL &&
        (login->login_name == NULL || strcmp(login->login_name, d->user) != 0 ||
         !secret_equal(login->password, d->password)))
        return false;
    return !body || d->count == 0;
}

static void digest_unsent(void *state)
{
    struct digest *d = state;

    d->count--;
}

static bool make_cnonce(char cnonce[DIGEST_CNONCE + 1])
{
    unsigned char bytes[DIGEST_CNONCE / 2];

    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return false;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        cnonce[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        cnonce[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    cnonce[DIGEST_CNONCE] = '\0';
    return true;
}

/* A proxy that started anew has forgotten the nonces that it accepted before. */
static bool digest_aged(const void *state)
{
    const struct digest *d = state;

    return d->count > 1;
}

/*
 * Takes the challenge over. It is a rejection if it answers a nonce that was used, and
 * does not say that only the nonce was wrong.
 */
static enum outcome take_challenge(struct digest *d, struct span parameters,
                                   const char **detail)
{
    struct digest_challenge challenge;
    int error = digest_challenge_parse(&challenge, parameters);

    *detail = "memory is out";
    if (error == -ENOMEM)
        return OUTCOME_INTERNAL;
    *detail = "the proxy's Digest challenge has no realm or no nonce";
    if (error)
        return OUTCOME_LOGIN_BROKEN;
    *detail = "";
    if (d->count > 0 && !challenge.stale) {
        digest_challenge_clear(&challenge);
        return OUTCOME_LOGIN_REJECTED;
    }
    digest_challenge_clear(&d->challenge);
    d->challenge = challenge;
    d->count = 0;
    *detail = "there are no random numbers";
    return make_cnonce(d->cnonce) ? OUTCOME_OK : OUTCOME_INTERNAL;
}

static enum outcome put_answer(struct digest *d, const struct auth_turn *turn,
                               struct buf *out, const char **detail)
{
    const struct digest_answer answer = {
        .user = span_of(turn->login->login_name),
        .password = secret_reveal(turn->login->password),
        .method = turn->request.method,
        .uri = turn->request.uri,
        .cnonce = span_of(d->cnonce),
        .count = d->count + 1,
    };

    switch (digest_value(out, &d->challenge, &answer)) {
    case 0:
        d->count++;
        *detail = "";
        return OUTCOME_OK;
    case -EINVAL:
        *detail = "the user name or the proxy's Digest challenge has a control "
                  "character";
        return OUTCOME_LOGIN_BROKEN;
    case -ENOTSUP:
        *detail = "this Digest login needs MD5, which this system refuses (FIPS mode)";
        return OUTCOME_LOGIN_SCHEME;
    case -EMSGSIZE:
        *detail = "the proxy's Digest challenge is too large";
        return OUTCOME_LOGIN_BROKEN;
    default:
        *detail = "memory is out";
        return OUTCOME_INTERNAL;
    }
}

static void digest_step(void *state, const struct auth_turn *turn, struct buf *out,
                        void (*done)(void *ctx, enum outcome outcome,
                                     const char *detail),
                        void *ctx)
{
    struct digest *d = state;
    const char *detail = "";
    enum outcome outcome = OUTCOME_OK;

    if (turn->parameters.len > 0)
        outcome = take_challenge(d, turn->parameters, &detail);
    if (outcome == OUTCOME_OK && d->challenge.nonce == NULL) {
        detail = "the proxy's Digest challenge has no nonce";
        outcome = OUTCOME_LOGIN_BROKEN;
    }
    if (outcome == OUTCOME_OK)
        outcome = put_answer(d, turn, out, &detail);
    done(ctx, outcome, detail);
}

const struct auth_scheme auth_scheme_digest = {
    .name = "Digest",
    .key = CONFIG_AUTH_DIGEST,
    .needs_password = true,
    .needs_text = true,
    .start = digest_start,
    .finish = digest_finish,
    .fits = digest_challenge_fits,
    .strength = digest_challenge_strength,
    .ready = digest_ready,
    .aged = digest_aged,
    .unsent = digest_unsent,
    .step = digest_step,
};
