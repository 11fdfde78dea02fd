/*
 * fetch_http: http: and https: URLs, with libcurl.
 */
#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pac/fetch.h"

#define LOCATION     SPAN("Location:")
#define REDIRECTS    5
#define HEAD_LIMIT   262144 /* bytes of all header lines */
#define CONNECT_MS   10000L
#define LIMIT_MS_MAX 30000

struct transfer {
    struct fetch *fetch;
    const struct system_fetch *ask;
    CURL *curl;
    struct curl_slist *lines;
    size_t head; /* bytes of header lines so far */
    bool head_too_long;
    bool body_too_long;
    bool tls;           /* https can be had */
    char location[512]; /* of the last answer; empty: none, or one that does not fit */
    char ca_fault[256];
    char error[CURL_ERROR_SIZE];
};

const char *fetch_library(void)
{
    return curl_version();
}

/* ---- what comes ---- */

/* Of a redirect or an error only the beginning is of use, and that only for its title.
 */
static size_t on_body(char *bytes, size_t one, size_t n, void *ctx)
{
    struct transfer *t = ctx;

    if (buf_append(&t->fetch->bytes, bytes, one * n) == 0)
        return one * n;
    t->body_too_long = true;
    return 0;
}

/* The signature is libcurl's. */
/* NOLINTNEXTLINE(readability-non-const-parameter) */
static size_t on_header(char *line, size_t one, size_t n, void *ctx)
{
    struct span all = {line, one * n};
    struct transfer *t = ctx;

    if (span_starts(all, SPAN("HTTP/"))) {
        buf_reset(&t->fetch->bytes);
        t->location[0] = '\0';
    } else if (span_starts_nocase(all, LOCATION)) {
        all = span_skip(all, LOCATION.len);
        all.len = span_find(all, '\r'); /* that libcurl leaves on the line */
        all = span_trim(all);
        (void)snprintf(t->location, sizeof(t->location), "%.*s",
                       all.len < sizeof(t->location) ? (int)all.len : 0, all.at);
    }
    t->head += one * n;
    t->head_too_long = t->head > HEAD_LIMIT;
    return t->head_too_long ? 0 : one * n;
}

/* The last response's header; left empty if it does not fit or is not printable. */
static void copy_header(struct transfer *t, const char *name, char *to, size_t size)
{
    struct curl_header *header;
    size_t len;

    to[0] = '\0';
    if (curl_easy_header(t->curl, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return;
    len = strlen(header->value);
    for (size_t i = 0; i < len; i++)
        if (header->value[i] < 0x20 || header->value[i] > 0x7e)
            return;
    if (len < size)
        memcpy(to, header->value, len + 1);
}

/* ---- what is asked ---- */

/* The daemon's roots: those of OpenSSL's own places, and the files of tls.ca. */
static CURLcode on_context(CURL *curl, void *context, void *ctx)
{
    struct transfer *t = ctx;
    SSL_CTX *ssl = context;
    char path[4096];

    (void)curl;
    ERR_clear_error();
    (void)SSL_CTX_set_default_verify_paths(ssl);
    for (size_t i = 0; i < t->ask->ca_count; i++) {
        struct span file = t->ask->ca[i];

        if (file.len < sizeof(path)) {
            memcpy(path, file.at, file.len);
            path[file.len] = '\0';
            if (SSL_CTX_load_verify_file(ssl, path) == 1)
                continue;
        }
        (void)snprintf(t->ca_fault, sizeof(t->ca_fault),
                       "tls.ca: %.*s cannot be used: %s", SPAN_ARG(file),
                       ERR_reason_error_string(ERR_peek_last_error()));
        return CURLE_ABORTED_BY_CALLBACK;
    }
    ERR_clear_error();
    return CURLE_OK;
}

static bool add_line(struct transfer *t, const char *name, struct span value)
{
    char line[SYSTEM_HEADER_LIMIT + 64];
    struct curl_slist *lines;

    if (value.len == 0)
        return true;
    (void)snprintf(line, sizeof(line), "%s: %.*s", name, SPAN_ARG(value));
    lines = curl_slist_append(t->lines, line);
    if (lines != NULL)
        t->lines = lines;
    return lines != NULL;
}

#define SET(option, value) (curl_easy_setopt(t->curl, (option), (value)) == CURLE_OK)

/* The name lookup runs in a thread; without this the end waits for it. */
#if LIBCURL_VERSION_NUM >= 0x075700
static bool set_quick_exit(struct transfer *t)
{
    return SET(CURLOPT_QUICK_EXIT, 1L);
}
#else
static bool set_quick_exit(struct transfer *t)
{
    (void)t;
    return true;
}
#endif

static bool set_request(struct transfer *t, const char *url)
{
    const struct system_fetch *ask = t->ask;
    long limit = ask->limit_ms == 0 || ask->limit_ms > LIMIT_MS_MAX
                     ? LIMIT_MS_MAX
                     : (long)ask->limit_ms;

    return add_line(t, "If-None-Match", ask->etag) &&
           add_line(t, "If-Modified-Since", ask->last_modified) &&
           SET(CURLOPT_URL, url) && SET(CURLOPT_HTTPHEADER, t->lines) &&
           SET(CURLOPT_USERAGENT, "ccgate/" PACKAGE_VERSION) &&
           SET(CURLOPT_PROXY, "") && SET(CURLOPT_NOPROXY, "*") &&
           SET(CURLOPT_PROTOCOLS_STR, "http,https") &&
           SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https") &&
           SET(CURLOPT_FAILONERROR, 1L) && SET(CURLOPT_FOLLOWLOCATION, 1L) &&
           SET(CURLOPT_MAXREDIRS, (long)REDIRECTS) && SET(CURLOPT_TIMEOUT_MS, limit) &&
           SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS) && SET(CURLOPT_NOSIGNAL, 1L) &&
           set_quick_exit(t) && SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
}

static bool set_answer(struct transfer *t)
{
    return SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_WRITEDATA, t) &&
           SET(CURLOPT_HEADERFUNCTION, on_header) && SET(CURLOPT_HEADERDATA, t) &&
           SET(CURLOPT_ERRORBUFFER, t->error);
}

/*
 * Only where libcurl is built with OpenSSL; else the roots would be others than ours,
 * and plain HTTP is all that can be had.
 */
static bool set_tls(struct transfer *t)
{
    if (SET(CURLOPT_CAINFO, NULL) && SET(CURLOPT_CAPATH, NULL) &&
        SET(CURLOPT_SSL_CTX_FUNCTION, on_context) && SET(CURLOPT_SSL_CTX_DATA, t)) {
        t->tls = true;
        return true;
    }
    return span_starts_nocase(t->ask->url, SPAN("http:")) &&
           SET(CURLOPT_REDIR_PROTOCOLS_STR, "http");
}

/* ---- what it was ---- */

static bool is_redirect(struct transfer *t)
{
    long status = 0;

    (void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    return status >= 300 && status < 400;
}

/*
 * Says where the server sends us: libcurl keeps no redirect that it does not follow. Of
 * a URL that is more than a place, or holds a user name, the scheme is all that is
 * told.
 */
static bool refuse_redirect(struct transfer *t, const char *why)
{
    const char *to = t->location;
    size_t len = strcspn(to, "?#");
    size_t scheme = strcspn(to, ":/");

    if (strncmp(to + scheme, "://", 3) != 0 || strchr(to, '@') != NULL)
        len = to[scheme] == ':' ? scheme + 1 : 0;
    return fetch_fail(t->fetch, SYSTEM_REDIRECTS,
                      "the server redirects to %.*s%s, which is not followed: %s",
                      (int)len, to, len > scheme + 1 ? "" : "...", why);
}

static bool fail_transfer(struct transfer *t, CURLcode code)
{
    const char *said = t->error[0] != '\0' ? t->error : curl_easy_strerror(code);
    struct fetch *fetch = t->fetch;

    if (t->body_too_long)
        return fetch_fail(fetch, SYSTEM_TOO_LONG, "is longer than 1 MiB");
    if (t->head_too_long)
        return fetch_fail(fetch, SYSTEM_OTHER, "has too many header lines");
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return fetch_fail(fetch, SYSTEM_NO_NAME, "%s", said);
    case CURLE_COULDNT_CONNECT:
        return fetch_fail(fetch, SYSTEM_NO_CONNECTION, "%s", said);
    case CURLE_OPERATION_TIMEDOUT:
        return fetch_fail(fetch, SYSTEM_LATE, "%s", said);
    case CURLE_TOO_MANY_REDIRECTS:
        return fetch_fail(fetch, SYSTEM_REDIRECTS, "more than %d redirects", REDIRECTS);
    case CURLE_UNSUPPORTED_PROTOCOL:
        return refuse_redirect(t, t->tls
                                      ? "it is neither http nor https"
                                      : "it is not http, and libcurl has no OpenSSL");
    case CURLE_LOGIN_DENIED:
        if (is_redirect(t))
            return refuse_redirect(t, "it has a user name, and PAC files are fetched "
                                      "without a login");
        return fetch_fail(fetch, SYSTEM_BAD_URL,
                          "its URL has a user name, and PAC files are fetched without "
                          "a login");
    case CURLE_URL_MALFORMAT:
        if (is_redirect(t))
            return refuse_redirect(t, "it is no http or https URL");
        return fetch_fail(fetch, SYSTEM_BAD_URL, "%s", said);
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
        return fetch_fail(fetch, SYSTEM_CUT, "%s", said);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
        return fetch_fail(fetch, SYSTEM_TLS,
                          "%s; where the server's certificate is your company's own, "
                          "name its root in tls.ca",
                          said);
    case CURLE_ABORTED_BY_CALLBACK:
        return fetch_fail(fetch, SYSTEM_TLS, "%s", t->ca_fault);
    default:
        return fetch_fail(fetch, SYSTEM_OTHER, "%s", said);
    }
}

static const char *explain_status(long status)
{
    switch (status) {
    case 401:
    case 407:
        return ": it wants a login, and PAC files are fetched without";
    case 511: /* RFC 6585 section 6 */
        return ": a captive portal wants a login";
    default:
        return "";
    }
}

static bool judge(struct transfer *t)
{
    struct fetch *fetch = t->fetch;
    char *url = NULL;
    long status = 0, redirects = 0;

    (void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(t->curl, CURLINFO_REDIRECT_COUNT, &redirects);
    (void)curl_easy_getinfo(t->curl, CURLINFO_EFFECTIVE_URL, &url);
    if (redirects > 0 && url != NULL)
        (void)snprintf(fetch->url, sizeof(fetch->url), "%.*s", (int)strcspn(url, "?#"),
                       url); /* a portal's token is not shown */
    fetch->answer.status = (uint32_t)status;
    copy_header(t, "Content-Type", fetch->content_type, sizeof(fetch->content_type));
    copy_header(t, "ETag", fetch->etag, sizeof(fetch->etag));
    copy_header(t, "Last-Modified", fetch->last_modified, sizeof(fetch->last_modified));
    if (status == 304 && t->lines != NULL) {
        fetch->answer.result = SYSTEM_SAME;
        return true;
    }
    if (status == 200)
        return true;
    return fetch_fail(fetch, SYSTEM_STATUS, "the server%s%s answered %ld%s",
                      fetch->url[0] != '\0' ? " of " : "", fetch->url, status,
                      explain_status(status));
}

bool fetch_http(struct fetch *fetch, const struct system_fetch *ask)
{
    struct transfer t = {.fetch = fetch, .ask = ask};
    char *url = span_dup(ask->url);
    bool done = false;
    CURLcode code;

    t.curl = url == NULL ? NULL : curl_easy_init();
    if (t.curl == NULL || !set_request(&t, url) || !set_answer(&t)) {
        (void)fetch_fail(fetch, SYSTEM_OTHER, "libcurl cannot be set up");
        goto out;
    }
    if (!set_tls(&t)) {
        (void)fetch_fail(fetch, SYSTEM_TLS,
                         "libcurl is not built with OpenSSL, so that ccgate's roots "
                         "cannot be used (%s)",
                         curl_version());
        goto out;
    }
    code = curl_easy_perform(t.curl);
    if (code == CURLE_OK || code == CURLE_HTTP_RETURNED_ERROR)
        done = judge(&t);
    else
        done = fail_transfer(&t, code);
out:
    curl_easy_cleanup(t.curl);
    curl_slist_free_all(t.lines);
    free(url);
    return done;
}
