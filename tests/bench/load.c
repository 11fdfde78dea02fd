/*
 * load: the load generator of the bench. Opens CONNECT tunnels through one proxy on
 * loopback and measures. The result is one JSON object on stdout.
 */
#include "load.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct mode {
    const char *name;
    void (*run)(const struct load_options *);
    const char *help;
};

static const struct mode modes[] = {
    {"tunnels", load_tunnels,
     "--count tunnels, --concurrency at a time, an echo in each"},
    {"serial", load_serial, "--count tunnels, one after the other"},
    {"echo", load_echo, "--count echoes of --size bytes on one tunnel"},
    {"bulk", load_bulk, "--bytes each way, --direction up|down|both, --tunnels"},
    {"idle", load_idle,
     "--count tunnels held for --hold seconds, then one echo in each"},
    {"start", load_start, "from exec of a program (behind --) to its first tunnel"},
};

static const struct option long_options[] = {
    {"proxy", required_argument, NULL, 'p'},
    {"target", required_argument, NULL, 't'},
    {"count", required_argument, NULL, 'n'},
    {"concurrency", required_argument, NULL, 'c'},
    {"size", required_argument, NULL, 's'},
    {"tunnels", required_argument, NULL, 'k'},
    {"bytes", required_argument, NULL, 'b'},
    {"direction", required_argument, NULL, 'd'},
    {"hold", required_argument, NULL, 'H'},
    {"timeout", required_argument, NULL, 'T'},
    {"exact-head", no_argument, NULL, 'x'},
    {"child-cpu", required_argument, NULL, 'C'},
    {NULL, 0, NULL, 0},
};

static _Noreturn void usage(void)
{
    fprintf(stderr, "usage: load MODE --proxy 127.0.0.1:PORT [--target HOST:PORT] "
                    "[--timeout S] [--exact-head] ...\n");
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        fprintf(stderr, "  %-8s %s\n", modes[i].name, modes[i].help);
    exit(2);
}

static uint64_t number(const char *text, uint64_t max)
{
    char *end = NULL;
    unsigned long long value = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || value > max)
        usage();
    return value;
}

static struct sockaddr_in address(const char *text)
{
    struct sockaddr_in addr = {.sin_family = AF_INET};
    const char *colon = strrchr(text, ':');
    char host[INET_ADDRSTRLEN];

    if (colon == NULL || (size_t)(colon - text) >= sizeof host)
        usage();
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    if (inet_pton(AF_INET, host, &addr.sin_addr) != 1)
        usage();
    /* This program only ever loads its own machine. */
    if ((ntohl(addr.sin_addr.s_addr) >> 24) != 127) {
        fprintf(stderr, "load: only addresses in 127.0.0.0/8\n");
        exit(2);
    }
    addr.sin_port = htons((uint16_t)number(colon + 1, 65535));
    return addr;
}

static enum load_direction direction(const char *text)
{
    if (strcmp(text, "up") == 0)
        return LOAD_UP;
    if (strcmp(text, "down") == 0)
        return LOAD_DOWN;
    if (strcmp(text, "both") == 0)
        return LOAD_BOTH;
    usage();
}

static void set_option(struct load_options *options, int key, const char *value)
{
    switch (key) {
    case 'p':
        options->proxy = address(value);
        break;
    case 't':
        options->target = value;
        break;
    case 'n':
        options->count = number(value, 1000000);
        break;
    case 'c':
        options->concurrency = number(value, 10000);
        break;
    case 's':
        options->size = number(value, LOAD_WRITE);
        break;
    case 'k':
        options->tunnels = number(value, 1000);
        break;
    case 'b':
        options->bytes = number(value, (uint64_t)1 << 40);
        break;
    case 'd':
        options->direction = direction(value);
        break;
    case 'H':
        options->hold = (unsigned)number(value, 3600);
        break;
    case 'T':
        options->timeout = (unsigned)number(value, 3600);
        break;
    case 'x':
        options->exact = true;
        break;
    case 'C':
        options->child_cpu = (int)number(value, 1023);
        break;
    default:
        usage();
    }
}

static void on_alarm(int signal_number)
{
    static const char text[] = "{\"error\":\"the run took longer than --timeout\"}\n";
    ssize_t written = write(STDOUT_FILENO, text, sizeof text - 1);

    (void)signal_number;
    _exit(written < 0 ? 3 : 1);
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    struct load_options options = {
        .target = "echo.test:7",
        .count = 1000,
        .concurrency = 32,
        .size = 200,
        .tunnels = 1,
        .bytes = 1000000000,
        .direction = LOAD_DOWN,
        .hold = 60,
        .timeout = 120,
        .child_cpu = -1,
    };
    int key = 0;

    if (argc < 2)
        usage();
    options.mode = argv[1];
    while ((key = getopt_long(argc - 1, argv + 1, "", long_options, NULL)) != -1)
        set_option(&options, key, optarg);
    options.command = argv + 1 + optind;
    if (options.proxy.sin_port == 0 || options.count == 0 || options.concurrency == 0 ||
        options.tunnels == 0 || options.size == 0)
        usage();

    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, on_alarm);
    alarm(options.timeout);
    raise_descriptor_limit();
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(modes[i].name, options.mode) == 0) {
            modes[i].run(&options);
            return 0;
        }
    }
    usage();
}
