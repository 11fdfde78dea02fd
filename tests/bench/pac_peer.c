/*
 * pac_peer: what a decision by a PAC script costs pacparser or libproxy, which are
 * loaded when they are asked for.
 *
 * Usage: pac_peer pacparser SCRIPT EXPECTED, or pac_peer libproxy - EXPECTED with a
 * pac+http:// URL in http_proxy. Reads numbers, one a line, and answers each with the
 * microseconds of so many decisions, each for a host never seen.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *expected;
static unsigned long hosts;

/* One decision; compared with what is expected. */
static void (*decide)(const char *url, const char *host);

_Noreturn static void die(const char *what, const char *detail)
{
    (void)fprintf(stderr, "%s: %s\n", what, detail != NULL ? detail : "nothing");
    exit(EXIT_FAILURE);
}

static double now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void *library(const char *name)
{
    void *handle = dlopen(name, RTLD_NOW);

    if (handle == NULL)
        die("not installed", dlerror());
    return handle;
}

/* The type is that of the place. */
static void find(void *handle, const char *name, void *place)
{
    void *address = dlsym(handle, name);

    if (address == NULL)
        die("not there", dlerror());
    memcpy(place, &address, sizeof(address));
}

/* ---- pacparser ---- */

static char *(*pacparser_find_proxy)(const char *url, const char *host);

static void pacparser_decide(const char *url, const char *host)
{
    const char *said = pacparser_find_proxy(url, host);

    if (said == NULL || strcmp(said, expected) != 0)
        die("it answered", said);
}

static void pacparser_begin(const char *script)
{
    void *handle = library("libpacparser.so.1");
    int (*init)(void);
    int (*parse)(const char *path);

    find(handle, "pacparser_init", &init);
    find(handle, "pacparser_parse_pac_file", &parse);
    find(handle, "pacparser_find_proxy", &pacparser_find_proxy);
    if (!init() || !parse(script))
        die("pacparser", "it does not take the script");
    decide = pacparser_decide;
}

/* ---- libproxy ---- */

static void *factory;
static char **(*libproxy_get)(void *factory, const char *url);
static void (*libproxy_free)(char **proxies);

static void libproxy_decide(const char *url, const char *host)
{
    char **proxies = libproxy_get(factory, url);

    (void)host;
    if (proxies == NULL || proxies[0] == NULL || strcmp(proxies[0], expected) != 0)
        die("it answered", proxies != NULL ? proxies[0] : NULL);
    libproxy_free(proxies);
}

static void libproxy_begin(void)
{
    void *handle = library("libproxy.so.1");
    void *(*make)(void);

    find(handle, "px_proxy_factory_new", &make);
    find(handle, "px_proxy_factory_get_proxies", &libproxy_get);
    find(handle, "px_proxy_factory_free_proxies", &libproxy_free);
    factory = make();
    decide = libproxy_decide;
}

/* ---- the rest ---- */

static double decide_new(void)
{
    char host[64], url[96];
    double begun;

    (void)snprintf(host, sizeof(host), "host%lu.example.org", hosts++);
    (void)snprintf(url, sizeof(url), "http://%s/", host);
    begun = now_us();
    decide(url, host);
    return now_us() - begun;
}

int main(int argc, char **argv)
{
    char line[64];

    if (argc != 4) {
        (void)fputs("usage: pac_peer pacparser|libproxy SCRIPT EXPECTED\n", stderr);
        return 2;
    }
    expected = argv[3];
    if (strcmp(argv[1], "pacparser") == 0)
        pacparser_begin(argv[2]);
    else
        libproxy_begin();
    (void)decide_new();
    while (fgets(line, sizeof(line), stdin) != NULL) {
        for (long left = strtol(line, NULL, 10); left > 0; left--)
            printf("%.2f ", decide_new());
        (void)puts("");
        (void)fflush(stdout);
    }
    return EXIT_SUCCESS;
}
