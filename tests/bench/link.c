/*
 * link: runs a command in a network namespace of its own that has a line with a delay,
 * so that also the TCP handshake takes its time. The line is a mirror: a packet from
 * 10.9.0.1 to 10.9.0.2 comes back after the delay as one from 10.9.0.2 to 10.9.0.1. So
 * a connection to 10.9.0.2:PORT (or any other address of 10.9.0.0/24) reaches whoever
 * listens on 10.9.0.1:PORT, and each packet of it takes the delay, both ways. Swapping
 * the addresses does not change the checksums, which are sums (RFC 1071).
 *
 * ICMP errors find no socket here: the packet that they quote is not mirrored.
 */
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    BURST = 64, /* packets taken in before those that are due are looked after */
    DEFAULT_QUEUE = 1000,
    SLOT = 10 * 1000, /* ns, the grain of the report */
    SLOTS = 1000,
    EXIT_NOT_FOUND = 127,
    EXIT_NOT_RUN = 126,
};

struct packet {
    uint64_t due; /* ns, monotonic */
    size_t len;
    unsigned char data[LINK_MTU];
};

struct link {
    uint64_t delay; /* ns */
    const char *report;
    char **command;
    int tun;
    int timer;
    int signals;
    pid_t child;
    int status; /* of the child, -1 while it runs */
    bool real_time;
    /* A ring: the delay is the same for all, so that the first in is the first due. It
     * has one place more than `size`, into which the next packet is read. */
    struct packet *ring;
    size_t size;
    size_t head;
    size_t count;
    size_t most;
    uint64_t passed;
    uint64_t dropped; /* the queue was full */
    uint64_t ignored; /* not IPv4 within the line's network */
    uint64_t late[SLOTS];
    uint64_t latest; /* ns */
};

void link_fail(const char *format, ...)
{
    va_list args;

    fprintf(stderr, "link: ");
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n");
    exit(LINK_EXIT_FAILED);
}

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- the line ---- */

static struct packet *place(struct link *l, size_t at)
{
    return &l->ring[(l->head + at) % (l->size + 1)];
}

static void take_in(struct link *l)
{
    for (int i = 0; i < BURST; i++) {
        struct packet *p = place(l, l->count);
        ssize_t len = read(l->tun, p->data, sizeof p->data);

        if (len < 0) {
            if (errno != EAGAIN && errno != EINTR)
                link_fail("reading from the line: %s", strerror(errno));
            return;
        }
        if (!link_mirror(p->data, (size_t)len)) {
            l->ignored++;
        } else if (l->count == l->size) {
            l->dropped++;
        } else {
            p->len = (size_t)len;
            p->due = now() + l->delay;
            l->count++;
            if (l->count > l->most)
                l->most = l->count;
        }
    }
}

static void note_lateness(struct link *l, uint64_t late)
{
    uint64_t slot = late / SLOT;

    l->late[slot < SLOTS ? slot : SLOTS - 1]++;
    if (late > l->latest)
        l->latest = late;
}

static void give_out(struct link *l)
{
    while (l->count > 0) {
        struct packet *p = place(l, 0);
        uint64_t at = now();

        if (p->due > at)
            break;
        if (write(l->tun, p->data, p->len) < 0)
            link_fail("writing to the line: %s", strerror(errno));
        note_lateness(l, at - p->due);
        l->passed++;
        l->head = (l->head + 1) % (l->size + 1);
        l->count--;
    }
}

static void set_timer(const struct link *l)
{
    struct itimerspec at = {0};

    if (l->count > 0) {
        uint64_t due = l->ring[l->head].due;
        at.it_value.tv_sec = (time_t)(due / 1000000000);
        at.it_value.tv_nsec = (long)(due % 1000000000);
    }
    timerfd_settime(l->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

/* ---- the command ---- */

static void on_signal(struct link *l)
{
    struct signalfd_siginfo info;
    int status = 0;

    if (read(l->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    if (info.ssi_signo != SIGCHLD) {
        /* What a terminal sends, the command has got, too. */
        if (info.ssi_code != SI_KERNEL)
            kill(l->child, (int)info.ssi_signo);
    } else if (waitpid(l->child, &status, WNOHANG) == l->child) {
        l->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
}

static void watch_signals(struct link *l)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    l->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (l->signals < 0)
        link_fail("signalfd: %s", strerror(errno));
}

static void start_command(struct link *l)
{
    sigset_t none;

    l->child = fork();
    if (l->child < 0)
        link_fail("fork: %s", strerror(errno));
    if (l->child > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(l->command[0], l->command);
    fprintf(stderr, "link: cannot run %s: %s\n", l->command[0], strerror(errno));
    _exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN);
}

static void run(struct link *l)
{
    struct pollfd fds[] = {{.fd = l->tun, .events = POLLIN},
                           {.fd = l->timer, .events = POLLIN},
                           {.fd = l->signals, .events = POLLIN}};

    while (l->status < 0) {
        if (poll(fds, 3, -1) < 0 && errno != EINTR)
            link_fail("poll: %s", strerror(errno));
        take_in(l);
        give_out(l);
        set_timer(l); /* which also makes it unreadable */
        on_signal(l);
    }
}

/* ---- the report ---- */

static double percentile_us(const struct link *l, unsigned percent)
{
    uint64_t seen = 0;

    for (size_t i = 0; i < SLOTS - 1; i++) {
        seen += l->late[i];
        if (seen * 100 >= l->passed * percent)
            return (double)((i + 1) * SLOT) / 1e3;
    }
    return (double)l->latest / 1e3;
}

static void write_report(const struct link *l)
{
    unsigned long long dropped = l->dropped + link_lost();
    FILE *out = strcmp(l->report, "-") == 0 ? stderr : fopen(l->report, "we");

    if (out == NULL)
        link_fail("cannot write %s: %s", l->report, strerror(errno));
    fprintf(out,
            "{\"delay_us\":%.1f,\"passed\":%llu,\"dropped\":%llu,\"ignored\":%llu,"
            "\"most_queued\":%zu,\"late_p50_us\":%.0f,\"late_p99_us\":%.0f,"
            "\"late_max_us\":%.0f,\"real_time\":%s}\n",
            (double)l->delay / 1e3, (unsigned long long)l->passed, dropped,
            (unsigned long long)l->ignored, l->most, percentile_us(l, 50),
            percentile_us(l, 99), (double)l->latest / 1e3,
            l->real_time ? "true" : "false");
    if (out != stderr)
        fclose(out);
}

/* ---- the command line ---- */

static const char usage_text[] =
    "usage: link --delay TIME [--queue N] [--report FILE] -- COMMAND [ARGUMENT...]\n"
    "\n"
    "Runs COMMAND in a network namespace of its own. There, a connection to\n"
    "10.9.0.2:PORT reaches what listens on 10.9.0.1:PORT, and every packet of it takes\n"
    "TIME, each way. 127.0.0.1 works as usual; nothing else can be reached.\n"
    "\n"
    "  --delay TIME    one way, with a unit: 30ms, 500us, 1s; at most 10s\n"
    "  --queue N       packets under way at most, others are lost (default 1000)\n"
    "  --report FILE   at the end: how many packets, and how late they were, as JSON;\n"
    "                  - is standard error\n"
    "\n"
    "COMMAND finds the addresses in LINK_HERE and LINK_THERE. The status is that of\n"
    "COMMAND, 128 and the signal's number when it was killed, 126 or 127 when it cannot\n"
    "be run, 125 when link itself failed. Needs root or user namespaces, and\n"
    "/dev/net/tun.\n";

static uint64_t parse_delay(const char *text)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    char *end = NULL;
    double value = strtod(text, &end);

    for (size_t i = 0; i < sizeof units / sizeof units[0] && end != text; i++) {
        double ns = value * units[i].ns;
        if (strcmp(end, units[i].name) == 0 && ns >= 0 && ns <= 10e9)
            return (uint64_t)ns;
    }
    link_fail("--delay: \"%s\" is not a time like 30ms (at most 10s)", text);
}

static size_t parse_count(const char *text)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);

    if (end == text || *end != '\0' || value < 1 || value > 100000)
        link_fail("--queue: \"%s\" is not a number from 1 to 100000", text);
    return value;
}

static void parse(struct link *l, int argc, char **argv)
{
    static const struct option options[] = {
        {"delay", required_argument, NULL, 'd'},
        {"queue", required_argument, NULL, 'q'},
        {"report", required_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    bool has_delay = false;
    int key = 0;

    while ((key = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
        if (key == 'd') {
            l->delay = parse_delay(optarg);
            has_delay = true;
        } else if (key == 'q') {
            l->size = parse_count(optarg);
        } else if (key == 'r') {
            l->report = optarg;
        } else {
            fputs(usage_text, key == 'h' ? stdout : stderr);
            exit(key == 'h' ? 0 : LINK_EXIT_FAILED);
        }
    }
    l->command = argv + optind;
    if (!has_delay)
        link_fail("--delay is missing; link --help says more");
    if (l->command[0] == NULL)
        link_fail("there is no command behind --; link --help says more");
}

int main(int argc, char **argv)
{
    struct link l = {.size = DEFAULT_QUEUE, .status = -1};
    struct sched_param priority = {.sched_priority = 10};

    parse(&l, argc, argv);
    l.ring = calloc(l.size + 1, sizeof *l.ring);
    if (l.ring == NULL)
        link_fail("out of memory");
    /* Where it is allowed, nothing else delays a packet; the command is not meant. */
    l.real_time =
        sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority) == 0;
    link_enter_namespace();
    l.tun = link_open_tun();
    setenv("LINK_HERE", LINK_HERE, 1);
    setenv("LINK_THERE", LINK_THERE, 1);
    l.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (l.timer < 0)
        link_fail("timerfd_create: %s", strerror(errno));
    watch_signals(&l);
    start_command(&l);
    run(&l);
    if (l.report != NULL)
        write_report(&l);
    free(l.ring);
    return l.status;
}
