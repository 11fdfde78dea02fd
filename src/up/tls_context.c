/*
 * tls_context: checks the configured CA files, and loads them and the system roots in a
 * worker.
 */
#include "up/tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

/* What the worker fills; it outlives a context that is given up meanwhile. */
struct load {
    struct held_places *places;
    struct bundle held; /* what is neither the system's nor named */
    SSL_CTX *ssl;
    char error[256];
};

struct tls_context {
    unsigned refs;
    struct loop *loop;
    struct held_places *places;
    struct work *work; /* a load is under way */
    struct load *load;
    SSL_CTX *ssl;
    char error[256];
    struct tls_waiter waiters; /* list head */
    struct deferred notify;
};

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

bool tls_check_files(char *const *ca_files, struct buf *messages)
{
    bool ok = true;

    for (size_t i = 0; ca_files && ca_files[i]; i++) {
        const char *wrong = file_wrong(ca_files[i]);

        if (!wrong)
            continue;
        ok = false;
        (void)buf_printf(messages,
                         "tls.ca: %s: %s; name a file that ccgate can read and that "
                         "holds a certificate as PEM (BEGIN CERTIFICATE)\n",
                         ca_files[i], wrong);
        say_problems(ca_files[i], messages);
    }
    return ok;
}

/* ---- the load ---- */

static void load_free(void *arg)
{
    struct load *load = arg;

    held_places_free(load->places);
    bundle_clear(&load->held);
    SSL_CTX_free(load->ssl);
    free(load);
}

static bool load_files(struct load *load)
{
    char *const *files = load->places->files;

    for (size_t i = 0; files[i]; i++) {
        if (SSL_CTX_load_verify_file(load->ssl, files[i]) == 1)
            continue;
        unsigned long code = ERR_peek_last_error();
        const char *reason = ERR_reason_error_string(code);
        snprintf(load->error, sizeof(load->error), "tls.ca: %s: %s", files[i],
                 reason ? reason : "cannot be read");
        return false;
    }
    return true;
}

/* Imported, or dropped in by the administrator. */
static bool load_held(struct load *load)
{
    struct held_places places = *load->places;
    X509_STORE *store = SSL_CTX_get_cert_store(load->ssl);

    places.files = NULL;
    bundle_init(&load->held, true, (int64_t)time(NULL));
    held_read(&load->held, &places);
    for (size_t i = 0; i < load->held.count; i++)
        if (X509_STORE_add_cert(store, load->held.entries[i].cert->x509) != 1)
            return false;
    return !load->held.no_memory;
}

static void load_run(void *arg)
{
    struct load *load = arg;

    ERR_clear_error();
    load->ssl = SSL_CTX_new(TLS_client_method());
    if (!load->ssl) {
        snprintf(load->error, sizeof(load->error), "TLS could not be set up");
        return;
    }
    SSL_CTX_set_min_proto_version(load->ssl, TLS1_2_VERSION);
    SSL_CTX_set_verify(load->ssl, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(load->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                    SSL_MODE_RELEASE_BUFFERS);
    /* Proxies close without close_notify; what they carry frames or protects itself. */
    SSL_CTX_set_options(load->ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (SSL_CTX_set_default_verify_paths(load->ssl) == 1 && load_files(load) &&
        load_held(load))
        return;
    if (!load->error[0])
        snprintf(load->error, sizeof(load->error),
                 "the system's roots cannot be loaded");
    SSL_CTX_free(load->ssl);
    load->ssl = NULL;
}

/* ---- those who wait ---- */

static void waiters_notify(void *ctx)
{
    struct tls_context *c = ctx;

    tls_context_ref(c);
    while (c->waiters.next != &c->waiters) {
        struct tls_waiter *waiter = c->waiters.next;

        tls_context_leave(waiter);
        waiter->ready(waiter);
    }
    tls_context_unref(c);
}

/* A worker does not log. */
static void log_problems(const struct bundle *held)
{
    for (size_t i = 0; i < held->problem_count; i++)
        if (held->problems[i].weight != BUNDLE_NOTE)
            LOG_WARN("certificate", LOG_TEXT("problem", held->problems[i].text));
}

static void load_done(void *ctx)
{
    struct tls_context *c = ctx;

    c->work = NULL;
    log_problems(&c->load->held);
    c->ssl = c->load->ssl;
    c->load->ssl = NULL;
    memcpy(c->error, c->load->error, sizeof(c->error));
    waiters_notify(c);
}

static bool load_start(struct tls_context *c)
{
    struct load *load = calloc(1, sizeof(*load));

    if (!load)
        return false;
    load->places = held_places_copy(c->places);
    if (load->places)
        c->work = work_start(c->loop, load_run, load, load_free, load_done, c);
    if (!c->work) {
        load_free(load);
        return false;
    }
    c->load = load;
    return true;
}

void tls_context_wait(struct tls_context *c, struct tls_waiter *waiter)
{
    waiter->next = &c->waiters;
    waiter->prev = c->waiters.prev;
    waiter->prev->next = waiter;
    c->waiters.prev = waiter;
    if (c->ssl) {
        defer(c->loop, &c->notify);
    } else if (!c->work && !load_start(c)) {
        snprintf(c->error, sizeof(c->error), "out of memory");
        defer(c->loop, &c->notify);
    }
}

void tls_context_leave(struct tls_waiter *waiter)
{
    if (!waiter->next)
        return;
    waiter->prev->next = waiter->next;
    waiter->next->prev = waiter->prev;
    waiter->next = waiter->prev = NULL;
}

SSL_CTX *tls_context_get(struct tls_context *c)
{
    return c->ssl;
}

const char *tls_context_error(const struct tls_context *c)
{
    return c->error;
}

struct tls_context *tls_context_new(struct loop *loop, const struct held_places *places)
{
    struct tls_context *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->refs = 1;
    c->loop = loop;
    c->waiters.next = c->waiters.prev = &c->waiters;
    deferred_init(&c->notify, waiters_notify, c);
    c->places = held_places_copy(places);
    if (!c->places) {
        free(c);
        return NULL;
    }
    return c;
}

struct tls_context *tls_context_ref(struct tls_context *c)
{
    c->refs++;
    return c;
}

void tls_context_unref(struct tls_context *c)
{
    if (!c || --c->refs > 0)
        return;
    work_cancel(c->work);
    defer_cancel(&c->notify);
    held_places_free(c->places);
    SSL_CTX_free(c->ssl);
    free(c);
}
