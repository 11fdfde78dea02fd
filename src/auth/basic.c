/*
 * basic: the Basic scheme (RFC 7617). One message is the whole login, and its value
 * does not depend on the challenge: the password is UTF-8 in any case.
 */
#include <openssl/evp.h>
#include <stdlib.h>

#include "auth/auth_scheme.h"

static bool has_control(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] < 0x20 || s.at[i] == 0x7f)
            return true;
    return false;
}

/* RFC 7617 section 2 */
static const char *check(struct span user, struct span password)
{
    if (span_find(user, ':') < user.len)
        return "the user name has a colon, which Basic cannot carry: "
               "correct `username:`";
    if (has_control(user))
        return "the user name has a control character, which Basic cannot carry: "
               "correct `username:`";
    if (has_control(password))
        return "the password has a control character, which Basic cannot carry";
    return NULL;
}

/* False when memory is out. */
static bool put_value(struct buf *out, struct span user, struct span password)
{
    struct buf plain;
    size_t size = user.len + 1 + password.len;
    size_t encoded = (size + 2) / 3 * 4;
    bool ok = false;

    /* Room is made at once, so that no copy is left behind by a buffer that grew. */
    buf_init(&plain, size);
    if (buf_reserve(&plain, size) != 0 || buf_reserve(out, 6 + encoded + 1) != 0)
        goto out;
    if (buf_append_span(&plain, user) != 0 || buf_append(&plain, ":", 1) != 0 ||
        buf_append_span(&plain, password) != 0 || buf_append_text(out, "Basic ") != 0)
        goto out;
    (void)EVP_EncodeBlock((unsigned char *)buf_tail(out),
                          (const unsigned char *)plain.data, (int)size);
    buf_commit(out, encoded);
    ok = true;
out:
    if (plain.data != NULL)
        secret_wipe(plain.data, plain.capacity);
    buf_clear(&plain);
    return ok;
}

static void
basic_step(void *state, const struct auth_turn *turn, struct buf *out,
           void (*done)(void *ctx, enum outcome outcome, const char *detail), void *ctx)
{
    struct span user = span_of(turn->login->login_name);
    struct span password = secret_reveal(turn->login->password);
    const char *wrong = check(user, password);

    (void)state;
    if (wrong != NULL)
        done(ctx, OUTCOME_LOGIN_NO_CREDENTIALS, wrong);
    else if (!put_value(out, user, password))
        done(ctx, OUTCOME_INTERNAL, "memory is out");
    else
        done(ctx, OUTCOME_OK, "");
}

const struct auth_scheme auth_scheme_basic = {
    .name = "Basic",
    .key = CONFIG_AUTH_BASIC,
    .one_try = true,
    .needs_password = true,
    .needs_text = true,
    .step = basic_step,
};
