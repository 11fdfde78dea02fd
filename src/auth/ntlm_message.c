/*
 * ntlm_message: building and reading NTLM messages. See ntlm_message.h; names in
 * capitals are those of MS-NLMP.
 */
#include "auth/ntlm_message.h"

#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "auth/md4.h"
#include "auth/utf16.h"
#include "config/secret.h"

enum {
    SIGNATURE_SIZE = 8,
    TYPE2_SIZE = 32,      /* without TargetInfo; servers that send no more exist */
    TYPE2_INFO_SIZE = 48, /* with it */
    TYPE3_SIZE = 88,
    MIC_AT = 72,
    LM_SIZE = 24,
    ANSWER_LIMIT = 60 * 1024,
};

enum {
    FLAG_UNICODE = 0x1,
    FLAG_OEM = 0x2,
    FLAG_REQUEST_TARGET = 0x4,
    FLAG_NTLM = 0x200,
    FLAG_ALWAYS_SIGN = 0x8000,
    FLAG_EXTENDED_SESSIONSECURITY = 0x80000,
    FLAG_TARGET_INFO = 0x800000,
    FLAG_VERSION = 0x2000000,
};

/* Section 2.2.2.1 */
enum {
    AV_EOL = 0,
    AV_FLAGS = 6,
    AV_TIMESTAMP = 7,
    AV_TARGET_NAME = 9,
    AV_CHANNEL_BINDINGS = 10,
    AV_FLAG_MIC = 0x2,
};

static const char signature[SIGNATURE_SIZE] = "NTLMSSP";

/* The content of VERSION is ignored (section 2.2.2.10), its presence is not. */
static const unsigned char version[8] = {6, 0, 0x70, 0x17, 0, 0, 0, 0x0f};

/* ---- integers ---- */

static uint64_t get(struct span bytes, size_t at, size_t size)
{
    uint64_t value = 0;

    for (size_t i = size; i > 0; i--)
        value = value << 8 | (unsigned char)bytes.at[at + i - 1];
    return value;
}

static int put(struct buf *out, uint64_t value, size_t size)
{
    char bytes[8];

    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(value >> 8 * i & 0xff);
    return buf_append(out, bytes, size);
}

static int put_zeros(struct buf *out, size_t size)
{
    static const char zeros[LM_SIZE];

    return buf_append(out, zeros, size);
}

/* A security buffer: length twice, offset. Moves the offset on. */
static int put_secbuf(struct buf *out, size_t len, size_t *offset)
{
    int error = put(out, len, 2);

    if (!error)
        error = put(out, len, 2);
    if (!error)
        error = put(out, *offset, 4);
    *offset += len;
    return error;
}

/* ---- Type 1 ---- */

int ntlm_type1(struct buf *out)
{
    const uint32_t flags = FLAG_UNICODE | FLAG_OEM | FLAG_REQUEST_TARGET | FLAG_NTLM |
                           FLAG_ALWAYS_SIGN | FLAG_EXTENDED_SESSIONSECURITY |
                           FLAG_VERSION;
    size_t offset = NTLM_TYPE1_SIZE;
    int error = buf_reserve(out, NTLM_TYPE1_SIZE);

    if (error)
        return error;
    error = buf_append(out, signature, sizeof(signature));
    error = error ? error : put(out, 1, 4);
    error = error ? error : put(out, flags, 4);
    error = error ? error : put_secbuf(out, 0, &offset); /* domain */
    error = error ? error : put_secbuf(out, 0, &offset); /* workstation */
    return error ? error : buf_append(out, version, sizeof(version));
}

/* ---- Type 2 ---- */

/* The bytes that the security buffer at this place describes; false if outside. */
static bool get_secbuf(struct span message, size_t at, struct span *bytes)
{
    size_t len = (size_t)get(message, at, 2);
    size_t offset = (size_t)get(message, at + 4, 4);

    *bytes = (struct span){message.at, 0};
    if (len == 0)
        return true; /* then the offset means nothing */
    if (offset > message.len || len > message.len - offset)
        return false;
    *bytes = (struct span){message.at + offset, len};
    return true;
}

struct pair {
    unsigned id;
    struct span value;
};

/* Cuts a pair off; false if it is not whole. */
static bool take_pair(struct span *rest, struct pair *pair)
{
    size_t len;

    if (rest->len < 4)
        return false;
    pair->id = (unsigned)get(*rest, 0, 2);
    len = (size_t)get(*rest, 2, 2);
    *rest = span_skip(*rest, 4);
    if (len > rest->len)
        return false;
    pair->value = (struct span){rest->at, len};
    *rest = span_skip(*rest, len);
    return true;
}

static const char *parse_pairs(struct ntlm_challenge *c, struct span info)
{
    struct span rest = info;
    struct pair pair;
    size_t len = 0;

    while (rest.len > 0) {
        if (!take_pair(&rest, &pair))
            return "has broken target information";
        if (pair.id == AV_EOL) {
            c->pairs = (struct span){info.at, len};
            return NULL;
        }
        if ((pair.id == AV_FLAGS && pair.value.len != 4) ||
            (pair.id == AV_TIMESTAMP && pair.value.len != 8))
            return "has broken target information";
        if (pair.id == AV_TIMESTAMP) {
            c->has_time = true;
            c->time = get(pair.value, 0, 8);
        }
        len = info.len - rest.len;
    }
    return "has target information without an end";
}

const char *ntlm_challenge_parse(struct ntlm_challenge *c, struct span message)
{
    struct span name, info;

    *c = (struct ntlm_challenge){.message = message};
    if (message.len > NTLM_CHALLENGE_LIMIT)
        return "is too large";
    if (message.len < SIGNATURE_SIZE + 4 ||
        memcmp(message.at, signature, sizeof(signature)) != 0)
        return "is no NTLM message";
    if (get(message, 8, 4) != 2)
        return "is of the wrong type";
    if (message.len < TYPE2_SIZE)
        return "is truncated";
    c->flags = (uint32_t)get(message, 20, 4);
    memcpy(c->nonce, message.at + 24, NTLM_NONCE_SIZE);
    if (!get_secbuf(message, 12, &name))
        return "has a target name outside of itself";
    if ((c->flags & FLAG_NTLM) == 0 || (c->flags & FLAG_EXTENDED_SESSIONSECURITY) == 0)
        return "allows only NTLMv1, which ccgate does not speak: it would count as a "
               "wrong password";
    if ((c->flags & FLAG_UNICODE) == 0)
        return "does not allow Unicode";
    if ((c->flags & FLAG_TARGET_INFO) == 0 || message.len < TYPE2_INFO_SIZE)
        return NULL;
    if (!get_secbuf(message, 40, &info))
        return "has target information outside of itself";
    return info.len == 0 ? NULL : parse_pairs(c, info);
}

/* ---- the keys ---- */

static int hmac(const unsigned char key[NTLM_HASH_SIZE], struct span data,
                unsigned char out[NTLM_HASH_SIZE])
{
    unsigned size = NTLM_HASH_SIZE;

    if (HMAC(EVP_md5(), key, NTLM_HASH_SIZE, (const unsigned char *)data.at, data.len,
             out, &size) == NULL)
        return -ENOTSUP;
    return 0;
}

static_assert((int)MD4_SIZE == (int)NTLM_HASH_SIZE, "an NT hash is one of MD4");

static int copy_hash(struct span hash, unsigned char out[NTLM_HASH_SIZE])
{
    if (hash.len != NTLM_HASH_SIZE)
        return -EINVAL;
    memcpy(out, hash.at, NTLM_HASH_SIZE);
    return 0;
}

/* NTOWFv1 (section 3.3.1) */
static int make_ntowf1(const struct ntlm_answer *a, unsigned char out[NTLM_HASH_SIZE])
{
    struct buf text;
    int error;

    if (a->password_type == CONFIG_PASSWORD_NT_HASH)
        return copy_hash(a->password, out);
    buf_init(&text, ANSWER_LIMIT);
    error = utf16_append(&text, a->password, false);
    md4(buf_span(&text), out);
    buf_wipe(&text);
    return error;
}

/* The domain is taken as it is given, the user in capitals. */
int ntlm_key(const struct ntlm_answer *a, unsigned char key[NTLM_HASH_SIZE])
{
    unsigned char ntowf1[MD4_SIZE];
    struct buf text;
    int error;

    if (a->password_type == CONFIG_PASSWORD_NTLMV2_HASH)
        return copy_hash(a->password, key);
    buf_init(&text, ANSWER_LIMIT);
    error = make_ntowf1(a, ntowf1);
    if (!error)
        error = utf16_append(&text, a->user, true);
    if (!error)
        error = utf16_append(&text, a->domain, false);
    if (!error)
        error = hmac(ntowf1, buf_span(&text), key);
    buf_clear(&text);
    secret_wipe(ntowf1, sizeof(ntowf1));
    return error;
}

/* MD5 of a gss_channel_bindings_struct without addresses (RFC 4121 section 4.1.1.2). */
int ntlm_possible(void)
{
    unsigned char hash[NTLM_HASH_SIZE];

    return EVP_Digest("", 0, hash, NULL, EVP_md5(), NULL) == 1 ? 0 : -ENOTSUP;
}

int ntlm_binding(struct span end_point, unsigned char binding[NTLM_HASH_SIZE])
{
    static const struct span prefix = {"tls-server-end-point:", 21};
    struct buf text;
    int error;

    memset(binding, 0, NTLM_HASH_SIZE);
    if (end_point.len == 0)
        return 0;
    buf_init(&text, ANSWER_LIMIT);
    error = put_zeros(&text, 16);
    error = error ? error : put(&text, prefix.len + end_point.len, 4);
    error = error ? error : buf_append_span(&text, prefix);
    error = error ? error : buf_append_span(&text, end_point);
    if (!error &&
        EVP_Digest(buf_span(&text).at, text.len, binding, NULL, EVP_md5(), NULL) != 1)
        error = -ENOTSUP;
    buf_clear(&text);
    return error;
}

/* ---- Type 3 ---- */

/* What Type 3 consists of. */
struct parts {
    struct buf domain, user, workstation, target; /* UTF-16 */
    struct buf nt;                                /* the NT response */
    unsigned char session_key[NTLM_HASH_SIZE];
};

static void parts_init(struct parts *p)
{
    buf_init(&p->domain, ANSWER_LIMIT);
    buf_init(&p->user, ANSWER_LIMIT);
    buf_init(&p->workstation, ANSWER_LIMIT);
    buf_init(&p->target, ANSWER_LIMIT);
    buf_init(&p->nt, ANSWER_LIMIT);
}

static void parts_clear(struct parts *p)
{
    buf_clear(&p->domain);
    buf_clear(&p->user);
    buf_clear(&p->workstation);
    buf_clear(&p->target);
    buf_clear(&p->nt);
    secret_wipe(p->session_key, sizeof(p->session_key));
}

static int parts_encode(struct parts *p, const struct ntlm_answer *a)
{
    /* The server computes with what it is told, and this key is made with capitals. */
    bool capitals = a->password_type == CONFIG_PASSWORD_NTLMV2_HASH;
    int error = utf16_append(&p->domain, a->domain, capitals);

    error = error ? error : utf16_append(&p->user, a->user, false);
    error = error ? error : utf16_append(&p->workstation, a->workstation, false);
    return error ? error : utf16_append(&p->target, a->target, false);
}

static int put_pair(struct buf *out, unsigned id, struct span value)
{
    int error = put(out, id, 2);

    error = error ? error : put(out, value.len, 2);
    return error ? error : buf_append_span(out, value);
}

static int put_flags(struct buf *out, uint32_t flags)
{
    int error = put(out, AV_FLAGS, 2);

    error = error ? error : put(out, 4, 2);
    return error ? error : put(out, flags, 4);
}

/*
 * The pairs of the server in their order, and ours behind them (section 3.1.5.1.2).
 * What is ours to say, the server cannot.
 */
static int put_pairs(struct buf *out, const struct ntlm_challenge *c,
                     const struct ntlm_answer *a, struct span target)
{
    struct span rest = c->pairs;
    struct pair pair;
    bool flagged = false;
    int error = 0;

    while (!error && rest.len > 0 && take_pair(&rest, &pair)) {
        if (pair.id == AV_TARGET_NAME || pair.id == AV_CHANNEL_BINDINGS)
            continue;
        if (pair.id == AV_FLAGS && a->mic) {
            error = put_flags(out, (uint32_t)get(pair.value, 0, 4) | AV_FLAG_MIC);
            flagged = true;
        } else {
            error = put_pair(out, pair.id, pair.value);
        }
    }
    if (!error && a->mic && !flagged)
        error = put_flags(out, AV_FLAG_MIC);
    if (!error && a->binding != NULL)
        error = put_pair(out, AV_CHANNEL_BINDINGS,
                         (struct span){(const char *)a->binding, NTLM_HASH_SIZE});
    if (!error && target.len > 0)
        error = put_pair(out, AV_TARGET_NAME, target);
    return error ? error : put_pair(out, AV_EOL, SPAN(""));
}

/*
 * The proof over the server's nonce and `temp`, then `temp` itself. The nonce stands
 * where the proof will end, so that no copy is needed.
 */
static int make_nt(struct parts *p, const struct ntlm_challenge *c,
                   const struct ntlm_answer *a)
{
    unsigned char key[NTLM_HASH_SIZE], proof[NTLM_HASH_SIZE];
    struct buf *nt = &p->nt;
    int error = put_zeros(nt, NTLM_HASH_SIZE - NTLM_NONCE_SIZE);

    error = error ? error : buf_append(nt, c->nonce, NTLM_NONCE_SIZE);
    error = error ? error : put(nt, 0x0101, 8);
    error = error ? error : put(nt, c->has_time ? c->time : a->time, 8);
    error = error ? error : buf_append(nt, a->nonce, NTLM_NONCE_SIZE);
    error = error ? error : put_zeros(nt, 4);
    error = error ? error : put_pairs(nt, c, a, buf_span(&p->target));
    error = error ? error : put_zeros(nt, 4);
    error = error ? error : ntlm_key(a, key);
    if (!error)
        error =
            hmac(key, span_skip(buf_span(nt), NTLM_HASH_SIZE - NTLM_NONCE_SIZE), proof);
    if (!error)
        error = hmac(key, (struct span){(char *)proof, NTLM_HASH_SIZE}, p->session_key);
    if (!error)
        memcpy(nt->data + nt->start, proof, NTLM_HASH_SIZE);
    secret_wipe(key, sizeof(key));
    return error;
}

static int put_type3(struct buf *out, const struct parts *p, uint32_t flags)
{
    size_t offset = TYPE3_SIZE, none = TYPE3_SIZE;
    int error = buf_append(out, signature, sizeof(signature));

    error = error ? error : put(out, 3, 4);
    error = error ? error : put_secbuf(out, LM_SIZE, &offset);
    error = error ? error : put_secbuf(out, p->nt.len, &offset);
    error = error ? error : put_secbuf(out, p->domain.len, &offset);
    error = error ? error : put_secbuf(out, p->user.len, &offset);
    error = error ? error : put_secbuf(out, p->workstation.len, &offset);
    error = error ? error : put_secbuf(out, 0, &none); /* the session key */
    error = error ? error : put(out, flags, 4);
    if (!error && (flags & FLAG_VERSION) != 0)
        error = buf_append(out, version, sizeof(version));
    else if (!error)
        error = put_zeros(out, sizeof(version));
    error = error ? error : put_zeros(out, NTLM_HASH_SIZE); /* the MIC */
    error = error ? error : put_zeros(out, LM_SIZE);
    error = error ? error : buf_append_span(out, buf_span(&p->nt));
    error = error ? error : buf_append_span(out, buf_span(&p->domain));
    error = error ? error : buf_append_span(out, buf_span(&p->user));
    return error ? error : buf_append_span(out, buf_span(&p->workstation));
}

/* Over all three messages, with zeros in its own place (section 3.1.5.1.2). */
static int put_mic(struct buf *out, size_t mark, const struct parts *p,
                   struct span type1, struct span type2)
{
    unsigned char mic[NTLM_HASH_SIZE];
    struct buf all;
    int error;

    buf_init(&all, 3 * (size_t)ANSWER_LIMIT);
    error = buf_append_span(&all, type1);
    error = error ? error : buf_append_span(&all, type2);
    error = error ? error : buf_append_span(&all, span_skip(buf_span(out), mark));
    error = error ? error : hmac(p->session_key, buf_span(&all), mic);
    if (!error)
        memcpy(out->data + out->start + mark + MIC_AT, mic, sizeof(mic));
    buf_clear(&all);
    return error;
}

int ntlm_type3(struct buf *out, const struct ntlm_challenge *c,
               const struct ntlm_answer *a)
{
    uint32_t offered =
        a->type1.len < 16 ? 0 : (uint32_t)get(a->type1, SIGNATURE_SIZE + 4, 4);
    uint32_t flags = (offered & c->flags) | (offered & FLAG_VERSION);
    size_t mark = out->len;
    struct parts p;
    int error;

    parts_init(&p);
    error = parts_encode(&p, a);
    error = error ? error : make_nt(&p, c, a);
    if (!error)
        error = buf_reserve(out, TYPE3_SIZE + LM_SIZE + p.nt.len + p.domain.len +
                                     p.user.len + p.workstation.len);
    error = error ? error : put_type3(out, &p, flags);
    if (!error && a->mic)
        error = put_mic(out, mark, &p, a->type1, c->message);
    if (error)
        out->len = mark;
    parts_clear(&p);
    return error;
}
