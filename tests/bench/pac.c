/*
 * pac: what a decision through ccgate-pac costs.
 *
 * Usage: pac CCGATE-PAC SCRIPT [ROUNDS]. Prints one line of NAME=NUMBER: the median and
 * the 99th percentile of a question's round trip, the engine's share of it, compiling,
 * start to first answer, kill to end, memory.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/pac_protocol.h"

struct child {
    pid_t pid;
    int fd;
    struct buf in;
    struct buf out;
};

static void die(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static double now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int script_open(const char *path)
{
    static char text[PAC_SCRIPT_LIMIT];
    FILE *file = fopen(path, "r");
    int fd = memfd_create("script", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    size_t n;

    if (file == NULL || fd < 0)
        die(path);
    n = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    if (write(fd, text, n) != (ssize_t)n ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) != 0)
        die("memfd");
    return fd;
}

static void child_start(struct child *child, const char *program, int script)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        die("socketpair");
    child->pid = vfork();
    if (child->pid == 0) {
        int s = fcntl(pair[1], F_DUPFD_CLOEXEC, 10);
        int m = fcntl(script, F_DUPFD_CLOEXEC, 10);

        if (dup2(s, PAC_SOCKET_FD) >= 0 && dup2(m, PAC_SCRIPT_FD) >= 0)
            (void)execl(program, program, (char *)NULL);
        _exit(127);
    }
    if (child->pid < 0)
        die("vfork");
    (void)close(pair[1]);
    child->fd = pair[0];
    buf_init(&child->in, 2 * PAC_MESSAGE_LIMIT);
    buf_init(&child->out, 2 * PAC_MESSAGE_LIMIT);
}

static struct span child_receive(struct child *child)
{
    struct span body = SPAN("");

    buf_reset(&child->in);
    while (wire_take(buf_span(&child->in), PAC_MESSAGE_LIMIT, &body) == 0) {
        ssize_t n;

        if (buf_reserve(&child->in, 4096) != 0)
            die("memory");
        n = read(child->fd, buf_tail(&child->in), buf_room(&child->in));
        if (n <= 0)
            die("the child ended");
        buf_commit(&child->in, (size_t)n);
    }
    return body;
}

/* Returns the nanoseconds that the engine took. */
static double child_ask(struct child *child, enum pac_message type, struct span host)
{
    struct pac_ask ask = {
        .type = type, .host = host, .url = SPAN("http://www.example/")};
    struct pac_answer answer;

    ask.now_ms = 1784118645000;
    buf_reset(&child->out);
    if (pac_put_ask(&child->out, &ask) != 0 ||
        write(child->fd, child->out.data, child->out.len) != (ssize_t)child->out.len)
        die("write");
    if (!pac_get_answer(child_receive(child), &answer) || answer.type == PAC_ERROR ||
        answer.type == PAC_NEED_DNS)
        die("the answer is an error");
    return (double)answer.ns;
}

static void child_stop(struct child *child)
{
    (void)kill(child->pid, SIGKILL);
    (void)waitpid(child->pid, NULL, 0);
    (void)close(child->fd);
    buf_clear(&child->in);
    buf_clear(&child->out);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double quantile(double *values, int count, double q)
{
    qsort(values, (size_t)count, sizeof(*values), compare);
    return values[(int)(q * (count - 1))];
}

static long rss_kb(pid_t pid)
{
    char path[64];
    char line[256];
    long kb = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = strtol(line + 6, NULL, 10);
    }
    if (file != NULL)
        (void)fclose(file);
    return kb;
}

static void measure_questions(const char *program, int script, int rounds)
{
    double *trips = calloc((size_t)rounds, sizeof(*trips));
    double *engine = calloc((size_t)rounds, sizeof(*engine));
    struct child child;
    char host[64];

    if (trips == NULL || engine == NULL)
        die("memory");
    child_start(&child, program, script);
    (void)child_receive(&child);
    (void)child_ask(&child, PAC_LOAD, SPAN(""));
    for (int i = 0; i < rounds; i++) {
        double begun = now_us();

        (void)snprintf(host, sizeof(host), "host%d.example.org", i);
        engine[i] = child_ask(&child, PAC_FIND, span_of(host)) / 1e3;
        trips[i] = now_us() - begun;
    }
    printf("round_trip_us=%.1f round_trip_p99_us=%.1f engine_us=%.1f rss_kb=%ld ",
           quantile(trips, rounds, 0.5), quantile(trips, rounds, 0.99),
           quantile(engine, rounds, 0.5), rss_kb(child.pid));
    child_stop(&child);
    free(trips);
    free(engine);
}

static void measure_starts(const char *program, int script)
{
    enum { STARTS = 51 };
    double starts[STARTS], compiles[STARTS], stops[STARTS];

    for (int i = 0; i < STARTS; i++) {
        struct child child;
        double begun = now_us();

        child_start(&child, program, script);
        (void)child_receive(&child);
        compiles[i] = child_ask(&child, PAC_LOAD, SPAN("")) / 1e3;
        (void)child_ask(&child, PAC_FIND, SPAN("www.example.org"));
        starts[i] = now_us() - begun;
        begun = now_us();
        child_stop(&child);
        stops[i] = now_us() - begun;
    }
    printf("load_us=%.0f start_to_answer_us=%.0f kill_us=%.0f\n",
           quantile(compiles, STARTS, 0.5), quantile(starts, STARTS, 0.5),
           quantile(stops, STARTS, 0.5));
}

int main(int argc, char **argv)
{
    int rounds = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 5000;
    int script;

    if (argc < 3 || rounds < 1) {
        (void)fputs("usage: pac CCGATE-PAC SCRIPT [ROUNDS]\n", stderr);
        return 2;
    }
    script = script_open(argv[2]);
    measure_questions(argv[1], script, rounds);
    measure_starts(argv[1], script);
    return EXIT_SUCCESS;
}
