/*
 * tls_identity: our own certificate and key, from files or what else OpenSSL's stores
 * can read.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/secret.h"
#include "up/tls_load.h"
#include "up/tls_token.h"

struct identity {
    const struct tls_settings *settings;
    struct secret *password; /* or NULL */
    bool asked;              /* for the password */
    STACK_OF(X509) * certificates;
    EVP_PKEY *key;
    char error[512]; /* why not */
};

static bool fail(struct identity *id, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(struct identity *id, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(id->error, sizeof(id->error), format, arguments);
    va_end(arguments);
    return false;
}

/* ---- the password ---- */

static int give_password(char *to, int size, int writing, void *ctx)
{
    struct identity *id = ctx;
    struct span password;

    (void)writing;
    if (id == NULL)
        return -1;
    id->asked = true;
    if (id->password == NULL)
        return -1;
    password = secret_reveal(id->password);
    if (password.len > (size_t)size)
        return -1;
    memcpy(to, password.at, password.len);
    return (int)password.len;
}

static bool read_password(struct identity *id)
{
    const char *file = id->settings->key_password_file;
    char why[256];

    if (file == NULL)
        return true;
    id->password = secret_from_file(file, why, sizeof(why));
    return id->password != NULL || fail(id, "tls.key_password_file: %s %s", file, why);
}

/* ---- the stores ---- */

static bool fail_store(struct identity *id, const char *key, const char *name)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);

    if (id->asked && id->password == NULL)
        return fail(id,
                    "%s: %s is encrypted: put its password into a file and name "
                    "that in tls.key_password_file",
                    key, name);
    if (id->asked)
        return fail(id,
                    "%s: %s: the password of tls.key_password_file does not open it",
                    key, name);
    return fail(id, "%s: %s: %s", key, name,
                reason != NULL ? reason : "holds no certificate or key");
}

static bool take(struct identity *id, const OSSL_STORE_INFO *info)
{
    X509 *certificate = NULL;

    switch (OSSL_STORE_INFO_get_type(info)) {
    case OSSL_STORE_INFO_CERT:
        certificate = OSSL_STORE_INFO_get1_CERT(info);
        if (certificate == NULL || sk_X509_push(id->certificates, certificate) <= 0) {
            X509_free(certificate);
            return false;
        }
        return true;
    case OSSL_STORE_INFO_PKEY:
        if (id->key == NULL)
            id->key = OSSL_STORE_INFO_get1_PKEY(info);
        return id->key != NULL;
    default:
        return true;
    }
}

/* What no loader knows in a file is passed over, and is no error. */
static bool load_store(struct identity *id, const char *name)
{
    UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(give_password, 0);
    OSSL_STORE_CTX *store;
    bool good = false;

    ERR_clear_error();
    store = ui != NULL ? OSSL_STORE_open(name, ui, id, NULL, NULL) : NULL;
    while (store != NULL && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);

        if (info != NULL)
            good = take(id, info) || good;
        else if (OSSL_STORE_error(store))
            break;
        OSSL_STORE_INFO_free(info);
    }
    (void)OSSL_STORE_close(store);
    UI_destroy_method(ui);
    return good;
}

/* ---- tokens ---- */

static bool is_uri(const char *name)
{
    return strncmp(name, "pkcs11:", 7) == 0;
}

/*
 * A token locks itself after a few wrong PINs, and whatever failed is tried again with
 * the next request: what was refused is remembered, by its hash, and not tried again.
 */
static struct {
    pthread_mutex_t lock; /* of the tokens, too */
    bool any;
    unsigned char hash[SHA256_DIGEST_LENGTH];
} refused = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool hash_pin(const struct identity *id, const char *name,
                     unsigned char hash[SHA256_DIGEST_LENGTH])
{
    struct span pin = secret_reveal(id->password);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(md, name, strlen(name) + 1) == 1 &&
              EVP_DigestUpdate(md, pin.at, pin.len) == 1 &&
              EVP_DigestFinal_ex(md, hash, NULL) == 1;

    EVP_MD_CTX_free(md);
    return ok;
}

static bool fail_pin(struct identity *id, const char *key, const char *name)
{
    if (id->password == NULL)
        return fail(id,
                    "%s: %s asks for a PIN: put it into a file and name that in "
                    "tls.key_password_file",
                    key, name);
    return fail(id,
                "%s: %s: the PIN of tls.key_password_file was refused; it is not tried "
                "again until another one stands there",
                key, name);
}

static void load_token(struct identity *id, const char *name)
{
    const struct tls_settings *settings = id->settings;
    bool wants_key = settings->key == NULL || name == settings->key;
    X509 *certificate = NULL;

    tls_token_read(name, give_password, id,
                   name == settings->cert ? &certificate : NULL,
                   wants_key ? &id->key : NULL);
    if (certificate != NULL && sk_X509_push(id->certificates, certificate) <= 0)
        X509_free(certificate);
}

/* By a provider that is configured, else by the engine. */
static bool find_token(struct identity *id, const char *key, const char *name)
{
    int before = sk_X509_num(id->certificates);
    struct tls_token_fault fault;

    if (load_store(id, name))
        return true;
    if (ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_OSSL_STORE) {
        ERR_clear_error();
        if (!tls_token_is_there())
            return fail(
                id,
                "%s: %s: OpenSSL has nothing for it here: it takes a provider "
                "(the package pkcs11-provider, and a section in openssl.cnf) or "
                "the engine pkcs11 (Debian: libengine-pkcs11-openssl)",
                key, name);
        load_token(id, name);
        if (id->key != NULL || sk_X509_num(id->certificates) > before)
            return true;
    }
    fault = tls_token_fault();
    if (fault.pin_refused && id->password != NULL)
        refused.any = hash_pin(id, name, refused.hash);
    if (fault.pin_refused || (id->asked && id->password == NULL))
        return fail_pin(id, key, name);
    return fail(id, "%s: %s: %s", key, name,
                fault.reason != NULL ? fault.reason : "no certificate or key is there");
}

static bool read_token(struct identity *id, const char *key, const char *name)
{
    unsigned char hash[SHA256_DIGEST_LENGTH] = {0};
    bool good;

    (void)pthread_mutex_lock(&refused.lock);
    if (refused.any && id->password != NULL && hash_pin(id, name, hash) &&
        memcmp(hash, refused.hash, sizeof(hash)) == 0)
        good = fail_pin(id, key, name);
    else
        good = find_token(id, key, name);
    (void)pthread_mutex_unlock(&refused.lock);
    return good;
}

/* ---- files ---- */

static bool read_store(struct identity *id, const char *key, const char *name)
{
    return load_store(id, name) || fail_store(id, key, name);
}

static bool read_one(struct identity *id, const char *key, const char *name)
{
    struct stat st;

    if (is_uri(name))
        return read_token(id, key, name);
    if (stat(name, &st) != 0 || access(name, R_OK) != 0)
        return fail(id, "%s: %s: %s", key, name, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return fail(id, "%s: %s is no regular file", key, name);
    if (!read_store(id, key, name))
        return false;
    if (id->key != NULL && (st.st_mode & S_IRWXO) != 0 &&
        (id->settings->key == NULL || name == id->settings->key))
        return fail(id,
                    "%s: %s holds a private key that everybody can read: chmod o= "
                    "helps",
                    key, name);
    return true;
}

/* ---- what was found ---- */

static bool use(struct identity *id, SSL_CTX *ssl)
{
    X509 *own = NULL;

    for (int i = 0; i < sk_X509_num(id->certificates) && own == NULL; i++)
        if (X509_check_private_key(sk_X509_value(id->certificates, i), id->key) == 1)
            own = sk_X509_value(id->certificates, i);
    if (own == NULL)
        return fail(id, "tls.cert: %s: none of its certificates belongs to the key",
                    id->settings->cert);
    if (SSL_CTX_use_certificate(ssl, own) != 1 ||
        SSL_CTX_use_PrivateKey(ssl, id->key) != 1)
        return fail(id, "tls.cert: %s: %s", id->settings->cert,
                    ERR_reason_error_string(ERR_peek_last_error()));
    for (int i = 0; i < sk_X509_num(id->certificates); i++)
        if (sk_X509_value(id->certificates, i) != own &&
            SSL_CTX_add1_chain_cert(ssl, sk_X509_value(id->certificates, i)) != 1)
            return fail(id, "memory is out");
    return true;
}

static bool find(struct identity *id)
{
    const struct tls_settings *settings = id->settings;

    if (!read_password(id) || !read_one(id, "tls.cert", settings->cert))
        return false;
    if (settings->key != NULL) {
        EVP_PKEY_free(id->key);
        id->key = NULL;
        if (!read_one(id, "tls.key", settings->key))
            return false;
    }
    if (sk_X509_num(id->certificates) == 0)
        return fail(id, "tls.cert: %s holds no certificate", settings->cert);
    if (id->key == NULL)
        return fail(id, "%s: %s holds no private key",
                    settings->key ? "tls.key" : "tls.cert",
                    settings->key ? settings->key : settings->cert);
    return true;
}

bool tls_identity_load(SSL_CTX *ssl, const struct tls_settings *settings, char *error,
                       size_t error_size)
{
    struct identity id = {.settings = settings};
    bool good;

    if (settings->cert == NULL)
        return true;
    id.certificates = sk_X509_new_null();
    if (id.certificates == NULL)
        (void)fail(&id, "memory is out");
    good = id.certificates != NULL && find(&id) && use(&id, ssl);
    if (!good)
        (void)snprintf(error, error_size, "%s", id.error);
    sk_X509_pop_free(id.certificates, X509_free);
    EVP_PKEY_free(id.key);
    secret_free(id.password);
    return good;
}
