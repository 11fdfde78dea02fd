/*
 * tls_load: checks the configured CA files, and loads them, the system's roots and our
 * own certificate.
 */
#include "up/tls_load.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "certs/paths.h"
#include "up/tls_context.h"

/* ---- the check before a configuration is taken ---- */

/* A file of revocation lists alone loads, too, but vouches for nobody. */
static bool store_has_certificate(const X509_STORE *store)
{
    const STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);

    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++)
        if (X509_OBJECT_get_type(sk_X509_OBJECT_value(objects, i)) == X509_LU_X509)
            return true;
    return false;
}

/* Reads the file just as load_files() does. NULL, or what is wrong. */
static const char *file_parse(const char *file)
{
    X509_STORE *store = X509_STORE_new();
    const char *wrong = NULL;

    ERR_clear_error();
    if (!store || X509_STORE_load_file(store, file) != 1) {
        wrong = ERR_reason_error_string(ERR_peek_last_error());
        wrong = wrong ? wrong : "cannot be read";
    } else if (!store_has_certificate(store)) {
        wrong = "no certificate found";
    }
    ERR_clear_error();
    X509_STORE_free(store);
    return wrong;
}

/* It is read again at the first use, which a pipe would not survive. */
static const char *file_wrong(const char *file)
{
    struct stat st;

    if (stat(file, &st) != 0 || access(file, R_OK) != 0)
        return strerror(errno);
    return S_ISREG(st.st_mode) ? file_parse(file) : "not a regular file";
}

/* What the readers of certs/ can say about it: which certificate, and what to do. */
static void say_problems(const char *file, struct buf *messages)
{
    struct bundle bundle;

    bundle_init(&bundle, false, (int64_t)time(NULL));
    bundle_read(&bundle, file);
    for (size_t i = 0; i < bundle.problem_count; i++)
        (void)buf_printf(messages, "  %s\n", bundle.problems[i].text);
    if (bundle.count > 0)
        (void)buf_printf(messages,
                         "  \"ccgate ca import %s\" takes the certificates all the "
                         "same; then tls.ca need not name the file\n",
                         file);
    bundle_clear(&bundle);
}

static bool check_ca_files(char *const *files, struct buf *messages)
{
    bool ok = true;

    for (size_t i = 0; files && files[i]; i++) {
        const char *wrong = file_wrong(files[i]);

        if (!wrong)
            continue;
        ok = false;
        (void)buf_printf(messages,
                         "tls.ca: %s: %s; name a file that ccgate can read and that "
                         "holds a certificate as PEM (BEGIN CERTIFICATE)\n",
                         files[i], wrong);
        say_problems(files[i], messages);
    }
    return ok;
}

bool tls_settings_check(const struct tls_settings *settings, struct buf *messages)
{
    bool ok = check_ca_files(settings->places.files, messages);
    SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());
    char error[512] = "TLS could not be set up";

    if (!ssl || !tls_identity_load(ssl, settings, error, sizeof(error))) {
        (void)buf_printf(messages, "%s\n", error);
        ok = false;
    }
    SSL_CTX_free(ssl);
    return ok;
}

/* ---- settings ---- */

static void texts_free(char **texts)
{
    for (size_t i = 0; texts && texts[i]; i++)
        free(texts[i]);
    free(texts);
}

static char **texts_copy(char *const *texts)
{
    size_t n = 0;

    while (texts && texts[n])
        n++;
    char **copy = calloc(n + 1, sizeof(char *));
    for (size_t i = 0; copy && i < n; i++) {
        copy[i] = strdup(texts[i]);
        if (!copy[i]) {
            texts_free(copy);
            return NULL;
        }
    }
    return copy;
}

static bool text_copy(char **copy, const char *text)
{
    *copy = text ? strdup(text) : NULL;
    return *copy || !text;
}

struct tls_settings tls_settings_of(const struct config *config)
{
    return (struct tls_settings){
        .places = {.state_dir = config->state_dir,
                   .drop_in = config->tls_ca_dir,
                   .files = config->tls_ca},
        .weak_ca = config->tls_weak_ca,
        .pins = config->tls_pins,
        .legacy = config->tls_legacy,
        .cert = config->tls_cert,
        .key = config->tls_key,
        .key_password_file = config->tls_key_password_file,
    };
}

bool tls_settings_copy(struct tls_settings *copy, const struct tls_settings *settings)
{
    *copy = (struct tls_settings){.own = held_places_copy(&settings->places),
                                  .weak_ca = texts_copy(settings->weak_ca),
                                  .pins = texts_copy(settings->pins),
                                  .legacy = texts_copy(settings->legacy),
                                  .look_ms = settings->look_ms};
    if (copy->own && copy->weak_ca && copy->pins && copy->legacy &&
        text_copy(&copy->cert, settings->cert) &&
        text_copy(&copy->key, settings->key) &&
        text_copy(&copy->key_password_file, settings->key_password_file)) {
        copy->places = *copy->own;
        return true;
    }
    tls_settings_clear(copy);
    return false;
}

void tls_settings_clear(struct tls_settings *settings)
{
    held_places_free(settings->own);
    texts_free(settings->weak_ca);
    texts_free(settings->pins);
    texts_free(settings->legacy);
    free(settings->cert);
    free(settings->key);
    free(settings->key_password_file);
    *settings = (struct tls_settings){0};
}

/* ---- the state of the files ---- */

static uint64_t mix(uint64_t state, uint64_t value)
{
    return (state ^ value) * 0x9e3779b97f4a7c15u + (state >> 29);
}

/* A file that is not there has a state, too. */
static uint64_t mix_file(uint64_t state, const char *file)
{
    struct stat st = {0};

    if (!file)
        return mix(state, 1);
    if (stat(file, &st) != 0)
        return mix(state, 2);
    state = mix(mix(state, st.st_ino), (uint64_t)st.st_size);
    return mix(mix(state, (uint64_t)st.st_mtim.tv_sec), (uint64_t)st.st_mtim.tv_nsec);
}

static uint64_t mix_folder(uint64_t state, const char *folder)
{
    DIR *dir = folder ? opendir(folder) : NULL;
    const struct dirent *entry;
    uint64_t files = 0; /* in whatever order */
    char path[PATH_MAX];

    while (dir && (entry = readdir(dir)) != NULL) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            files += mix_file(4, path);
    }
    if (dir)
        (void)closedir(dir);
    return mix(mix_file(state, folder), files);
}

/* Of what is read by name or, for the system's roots, looked up there by OpenSSL. */
static uint64_t files_state(const struct tls_settings *settings)
{
    const char *file = getenv(X509_get_default_cert_file_env());
    const char *folder = getenv(X509_get_default_cert_dir_env());
    uint64_t state = mix_file(3, file ? file : X509_get_default_cert_file());
    char held[PATH_MAX];

    state = mix_file(state, folder ? folder : X509_get_default_cert_dir());
    for (size_t i = 0; settings->places.files[i]; i++)
        state = mix_file(state, settings->places.files[i]);
    state = mix_folder(state, settings->places.drop_in);
    if (settings->places.state_dir &&
        certs_path(held, sizeof(held), settings->places.state_dir, CERTS_HELD))
        state = mix_folder(state, held);
    state = mix_file(state, settings->cert);
    state = mix_file(state, settings->key);
    return mix_file(state, settings->key_password_file) | 1;
}

/* ---- the load ---- */

static bool load_files(struct tls_load *load)
{
    char *const *files = load->settings.places.files;

    for (size_t i = 0; files[i]; i++) {
        if (SSL_CTX_load_verify_file(load->ssl, files[i]) == 1)
            continue;
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());
        snprintf(load->error, sizeof(load->error), "tls.ca: %s: %s", files[i],
                 reason ? reason : "cannot be read");
        return false;
    }
    return true;
}

/* Imported, or dropped in by the administrator. */
static bool load_held(struct tls_load *load)
{
    struct held_places places = load->settings.places;
    X509_STORE *store = SSL_CTX_get_cert_store(load->ssl);

    places.files = NULL;
    bundle_init(&load->held, true, (int64_t)time(NULL));
    held_read(&load->held, &places);
    for (size_t i = 0; i < load->held.count; i++)
        if (X509_STORE_add_cert(store, load->held.entries[i].cert->x509) != 1)
            return false;
    return !load->held.no_memory;
}

static void set_up(SSL_CTX *ssl)
{
    SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ssl, tls_verify, NULL);
    SSL_CTX_set_session_cache_mode(ssl,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ssl, tls_session_new);
    SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    /* Proxies close without close_notify; what they carry frames or protects itself. */
    SSL_CTX_set_options(ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
}

void tls_load_run(void *arg)
{
    struct tls_load *load = arg;

    load->state = files_state(&load->settings);
    if (load->state == load->seen)
        return;
    ERR_clear_error();
    load->ssl = SSL_CTX_new(TLS_client_method());
    if (!load->ssl) {
        snprintf(load->error, sizeof(load->error), "TLS could not be set up");
        return;
    }
    set_up(load->ssl);
    if (SSL_CTX_set_default_verify_paths(load->ssl) == 1 && load_files(load) &&
        load_held(load) &&
        tls_identity_load(load->ssl, &load->settings, load->error, sizeof(load->error)))
        return;
    if (!load->error[0])
        snprintf(load->error, sizeof(load->error),
                 "the system's roots cannot be loaded");
    SSL_CTX_free(load->ssl);
    load->ssl = NULL;
}

struct tls_load *tls_load_new(const struct tls_settings *settings, uint64_t seen)
{
    struct tls_load *load = calloc(1, sizeof(*load));

    if (!load || !tls_settings_copy(&load->settings, settings)) {
        free(load);
        return NULL;
    }
    load->seen = seen;
    return load;
}

void tls_load_free(void *arg)
{
    struct tls_load *load = arg;

    tls_settings_clear(&load->settings);
    bundle_clear(&load->held);
    SSL_CTX_free(load->ssl);
    free(load);
}
