/*
 * pac: what a decision by a PAC script costs ccgate.
 *
 * Usage: CCGATE_LIBEXEC=FOLDER pac SCRIPT EXPECTED. Reads commands, one a line, and
 * answers each with a line of microseconds: "child N" decides for N hosts never seen,
 * "cache N" N times for the same one, and "lost N" N times for a host never seen when
 * the child has just been killed. "pid" answers with that of the child.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "route/pac.h"

static struct loop *loop;
static struct pac *pac;
static const char *expected;
static bool done;
static unsigned long hosts;

/* Where a decision has to come from. */
enum source { CHILD, CACHE, ANY };

_Noreturn static void die(const char *what, struct span detail)
{
    (void)fprintf(stderr, "pac: %s: %.*s\n", what, SPAN_ARG(detail));
    exit(EXIT_FAILURE);
}

static double now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void decided(void *ctx, const struct pac_decision *decision)
{
    const enum source *source = ctx;

    if (decision->verdict != PAC_SAID)
        die("no decision", span_of(decision->why));
    if (!span_equal(decision->text, span_of(expected)))
        die("another decision", decision->text);
    if (*source != ANY && decision->cached != (*source == CACHE))
        die("cached or not", decision->url);
    done = true;
    loop_stop(loop);
}

/* As a request does it: the URL is made, the cache is asked, the answer comes by the
 * loop. */
static double decide(struct span host, enum source source)
{
    const struct pac_request request = {.secure = true, .host = host, .port = 443};
    double begun = now_us();

    done = false;
    if (pac_start(pac, &request, true, decided, &source) == NULL)
        die("memory", host);
    while (!done)
        loop_run(loop);
    return now_us() - begun;
}

static double decide_new(void)
{
    char host[64];

    (void)snprintf(host, sizeof(host), "host%lu.example.org", hosts++);
    return decide(span_of(host), CHILD);
}

static pid_t child_pid(void)
{
    struct pac_view view;

    pac_view(pac, &view);
    return view.pool.count > 0 ? view.pool.children[0].pid : 0;
}

static void obey(const char *command, long count)
{
    const struct span known = SPAN("known.example.org");

    if (strcmp(command, "cache") == 0)
        (void)decide(known, ANY); /* what is kept is kept for a minute */
    for (long i = 0; i < count; i++) {
        double us;

        if (strcmp(command, "cache") == 0) {
            us = decide(known, CACHE);
        } else {
            if (strcmp(command, "lost") == 0)
                (void)kill(child_pid(), SIGKILL);
            us = decide_new();
        }
        printf("%.2f ", us);
    }
    (void)puts("");
}

static struct config *configure(const char *path)
{
    struct config *config;
    struct buf yaml, messages;

    buf_init(&yaml, 8192);
    buf_init(&messages, 8192);
    if (buf_printf(&yaml, "pac: file://%s\n", path) != 0)
        die("memory", span_of(path));
    config = config_parse_text("pac", buf_span(&yaml), &messages);
    if (config == NULL)
        die("the configuration", buf_span(&messages));
    buf_clear(&yaml);
    buf_clear(&messages);
    return config;
}

int main(int argc, char **argv)
{
    struct resolver *resolver;
    struct config *config;
    char line[64], command[16];
    long count;

    if (argc != 3 || argv[1][0] != '/') {
        (void)fputs("usage: pac /SCRIPT EXPECTED\n", stderr);
        return 2;
    }
    expected = argv[2];
    (void)setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    loop = loop_new();
    resolver = resolver_new(loop, &(struct resolve_options){.timeout = 5000});
    config = configure(argv[1]);
    pac = pac_new(&(struct pac_options){
        .loop = loop, .resolver = resolver, .url = config->pac, .config = config});
    if (pac == NULL)
        die("memory", SPAN("pac_new"));
    (void)decide_new(); /* and the child is there */
    while (fgets(line, sizeof(line), stdin) != NULL) {
        if (sscanf(line, "%15s %ld", command, &count) == 2)
            obey(command, count);
        else
            printf("%ld\n", (long)child_pid());
        (void)fflush(stdout);
    }
    pac_unref(pac);
    config_unref(config);
    resolver_free(resolver);
    return loop_free(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
