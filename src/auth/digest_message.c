/*
 * digest_message: Digest challenges and answers. See digest_message.h.
 */
#include "auth/digest_message.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "auth/challenge.h"
#include "config/secret.h"

enum {
    HEX_SIZE = 2 * EVP_MAX_MD_SIZE,
    FIXED_SIZE = 512, /* of a value, besides what comes from outside */
    PARTS = 6,        /* of which a hash is made at most */
};

struct digest_hash {
    const char *name; /* RFC 7616 section 3.3 */
    const EVP_MD *(*make)(void);
};

/* The weakest first. */
static const struct digest_hash hashes[] = {
    {"MD5", EVP_md5},
    {"SHA-256", EVP_sha256},
    {"SHA-512-256", EVP_sha512_256},
};

/* ---- the challenge ---- */

static struct span parameter(struct span parameters, struct span name)
{
    const struct challenge challenge = {.parameters = parameters};
    struct span value;

    if (!challenge_parameter(&challenge, name, &value))
        return (struct span){NULL, 0};
    return value;
}

static const struct digest_hash *find_hash(struct span name, bool *session)
{
    *session = span_ends_nocase(name, SPAN("-sess"));
    if (*session)
        name.len -= 5;
    if (name.at == NULL)
        return &hashes[0]; /* absent means MD5 */
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
        if (span_equal_nocase(name, span_of(hashes[i].name)))
            return &hashes[i];
    return NULL;
}

unsigned digest_challenge_strength(struct span parameters)
{
    bool session;
    const struct digest_hash *hash =
        find_hash(parameter(parameters, SPAN("algorithm")), &session);

    return hash == NULL ? 0 : (unsigned)(hash - hashes) + 1;
}

static bool offers_auth(struct span qop)
{
    struct span item;

    while (span_next(&qop, ",", &item))
        if (span_equal_nocase(span_trim(item), SPAN("auth")))
            return true;
    return false;
}

bool digest_challenge_fits(struct span parameters)
{
    struct span qop = parameter(parameters, SPAN("qop"));
    bool session;

    return find_hash(parameter(parameters, SPAN("algorithm")), &session) != NULL &&
           (qop.at == NULL || offers_auth(qop));
}

/* Without the backslashes of quoted-pairs; NULL when memory is out. */
static char *unescaped(struct span text)
{
    char *copy = malloc(text.len + 1);
    size_t n = 0;

    for (size_t i = 0; copy != NULL && i < text.len; i++) {
        if (text.at[i] == '\\' && i + 1 < text.len)
            i++;
        copy[n++] = text.at[i];
    }
    if (copy != NULL)
        copy[n] = '\0';
    return copy;
}

static bool is_true(struct span value)
{
    return span_equal_nocase(value, SPAN("true"));
}

int digest_challenge_parse(struct digest_challenge *c, struct span parameters)
{
    struct span realm = parameter(parameters, SPAN("realm"));
    struct span nonce = parameter(parameters, SPAN("nonce"));
    struct span opaque = parameter(parameters, SPAN("opaque"));
    struct span algorithm = parameter(parameters, SPAN("algorithm"));

    *c = (struct digest_challenge){.named = algorithm.at != NULL};
    if (realm.at == NULL || nonce.at == NULL || !digest_challenge_fits(parameters))
        return -EINVAL;
    c->hash = find_hash(algorithm, &c->session);
    c->qop = parameter(parameters, SPAN("qop")).at != NULL;
    c->userhash = is_true(parameter(parameters, SPAN("userhash")));
    c->stale = is_true(parameter(parameters, SPAN("stale")));
    c->utf8 = span_equal_nocase(parameter(parameters, SPAN("charset")), SPAN("UTF-8"));
    c->realm = unescaped(realm);
    c->nonce = unescaped(nonce);
    if (opaque.at != NULL)
        c->opaque = unescaped(opaque);
    if (c->realm != NULL && c->nonce != NULL &&
        (opaque.at == NULL || c->opaque != NULL))
        return 0;
    digest_challenge_clear(c);
    return -ENOMEM;
}

void digest_challenge_clear(struct digest_challenge *c)
{
    free(c->realm);
    free(c->nonce);
    free(c->opaque);
    *c = (struct digest_challenge){0};
}

/* ---- hashes ---- */

/* The hash in hexadecimal, and how long that is. */
struct hex {
    char text[HEX_SIZE];
    size_t len;
};

static struct span hex_span(const struct hex *hex)
{
    return (struct span){hex->text, hex->len};
}

/* H(parts joined by colons); the list ends with a span whose `at` is NULL. */
static int hash_joined(const struct digest_hash *hash, const struct span *parts,
                       struct hex *hex)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned size = 0;
    int error = context == NULL ? -ENOMEM : 0;

    if (!error && EVP_DigestInit_ex(context, hash->make(), NULL) != 1)
        error = -ENOTSUP;
    for (size_t i = 0; !error && parts[i].at != NULL; i++)
        if ((i > 0 && EVP_DigestUpdate(context, ":", 1) != 1) ||
            EVP_DigestUpdate(context, parts[i].at, parts[i].len) != 1)
            error = -ENOMEM;
    if (!error && EVP_DigestFinal_ex(context, bytes, &size) != 1)
        error = -ENOMEM;
    EVP_MD_CTX_free(context); /* wipes what it holds */
    for (unsigned i = 0; i < size; i++) {
        hex->text[2 * i] = digits[bytes[i] >> 4];
        hex->text[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex->len = 2 * (size_t)size;
    secret_wipe(bytes, sizeof(bytes));
    return error;
}

#define JOINED(...) ((const struct span[PARTS + 1]){__VA_ARGS__, {NULL, 0}})

/* H(A1) (RFC 7616 section 3.4.2), which is as good as the password. */
static int hash_login(const struct digest_challenge *c, const struct digest_answer *a,
                      struct hex *hex)
{
    struct hex plain;
    int error =
        hash_joined(c->hash, JOINED(a->user, span_of(c->realm), a->password), &plain);

    if (!error && c->session)
        error = hash_joined(
            c->hash, JOINED(hex_span(&plain), span_of(c->nonce), a->cnonce), hex);
    else
        *hex = plain;
    secret_wipe(&plain, sizeof(plain));
    return error;
}

static int hash_response(const struct digest_challenge *c,
                         const struct digest_answer *a, struct span count,
                         struct hex *response)
{
    struct hex a1 = {.len = 0}, a2 = {.len = 0};
    int error = hash_login(c, a, &a1);

    if (!error)
        error = hash_joined(c->hash, JOINED(a->method, a->uri), &a2);
    if (!error && c->qop)
        error = hash_joined(c->hash,
                            JOINED(hex_span(&a1), span_of(c->nonce), count, a->cnonce,
                                   SPAN("auth"), hex_span(&a2)),
                            response);
    else if (!error)
        error = hash_joined(
            c->hash, JOINED(hex_span(&a1), span_of(c->nonce), hex_span(&a2)), response);
    secret_wipe(&a1, sizeof(a1));
    return error;
}

/* ---- the value ---- */

static bool has_control(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] < 0x20 || s.at[i] == 0x7f)
            return true;
    return false;
}

static int put_quoted(struct buf *out, const char *name, struct span value)
{
    int error = buf_printf(out, "%s=\"", name);

    for (size_t i = 0; !error && i < value.len; i++) {
        if (value.at[i] == '"' || value.at[i] == '\\')
            error = buf_append(out, "\\", 1);
        if (!error)
            error = buf_append(out, value.at + i, 1);
    }
    return error ? error : buf_append_text(out, "\"");
}

/* RFC 8187 section 3.2.1 */
static int put_extended(struct buf *out, struct span value)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789!#$&+-.^_`|~";
    int error = buf_append_text(out, "username*=UTF-8''");

    for (size_t i = 0; !error && i < value.len; i++) {
        if (strchr(plain, value.at[i]) != NULL)
            error = buf_append(out, value.at + i, 1);
        else
            error = buf_printf(out, "%%%02X", (unsigned char)value.at[i]);
    }
    return error;
}

static bool is_ascii(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] >= 0x80)
            return false;
    return true;
}

/* Hashed; or written so that its encoding is known; or plain. */
static int put_user(struct buf *out, const struct digest_challenge *c, struct span user)
{
    struct hex hashed;
    int error;

    if (c->userhash) {
        error = hash_joined(c->hash, JOINED(user, span_of(c->realm)), &hashed);
        return error ? error : put_quoted(out, "username", hex_span(&hashed));
    }
    if (c->utf8 && !is_ascii(user))
        return put_extended(out, user);
    return put_quoted(out, "username", user);
}

/* Which parameters are quoted, is said in RFC 7616 section 3.4. */
static int put_parameters(struct buf *out, const struct digest_challenge *c,
                          const struct digest_answer *a, struct span count,
                          const struct hex *response)
{
    int error = put_user(out, c, a->user);

    error = error ? error : buf_append_text(out, ", ");
    error = error ? error : put_quoted(out, "realm", span_of(c->realm));
    error = error ? error : buf_append_text(out, ", ");
    error = error ? error : put_quoted(out, "nonce", span_of(c->nonce));
    error = error ? error : buf_append_text(out, ", ");
    error = error ? error : put_quoted(out, "uri", a->uri);
    if (!error && c->named)
        error = buf_printf(out, ", algorithm=%s%s", c->hash->name,
                           c->session ? "-sess" : "");
    error = error ? error : buf_append_text(out, ", ");
    error = error ? error : put_quoted(out, "response", hex_span(response));
    if (!error && c->qop)
        error = buf_printf(out, ", qop=auth, nc=%.*s, cnonce=\"%.*s\"", SPAN_ARG(count),
                           SPAN_ARG(a->cnonce));
    else if (!error && c->session) /* it is part of A1 */
        error = buf_printf(out, ", cnonce=\"%.*s\"", SPAN_ARG(a->cnonce));
    if (!error && c->opaque != NULL) {
        error = buf_append_text(out, ", ");
        error = error ? error : put_quoted(out, "opaque", span_of(c->opaque));
    }
    return !error && c->userhash ? buf_append_text(out, ", userhash=true") : error;
}

int digest_value(struct buf *out, const struct digest_challenge *c,
                 const struct digest_answer *a)
{
    size_t mark = out->len;
    struct hex response;
    char count[9];
    int error;

    if (has_control(a->user) || has_control(a->uri) || has_control(span_of(c->realm)) ||
        has_control(span_of(c->nonce)) || has_control(span_of(c->opaque)))
        return -EINVAL;
    for (int i = 0; i < 8; i++)
        count[i] = "0123456789abcdef"[a->count >> (28 - 4 * i) & 15];
    count[8] = '\0';
    error = hash_response(c, a, span_of(count), &response);
    if (!error)
        error = buf_reserve(out, FIXED_SIZE + 3 * a->user.len +
                                     2 * (a->uri.len + strlen(c->realm) +
                                          strlen(c->nonce) + span_of(c->opaque).len));
    error = error ? error : buf_append_text(out, "Digest ");
    error = error ? error : put_parameters(out, c, a, span_of(count), &response);
    if (error)
        out->len = mark;
    return error;
}
