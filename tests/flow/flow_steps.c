/*
 * flow: what the words of a step do. Two tables: steps of the flow itself, and steps of
 * an actor ("client send ..."). README explains each.
 */
#include "flow_verbs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- arguments ---- */

uint64_t arguments_number(const struct arguments *arguments, size_t index)
{
    const char *text = arguments->at[index].at;
    char *end;
    uint64_t value = strtoull(text, &end, 10);

    if (end == text)
        flow_fail("%s is no number", text);
    if (*end == 'K')
        value <<= 10;
    else if (*end == 'M')
        value <<= 20;
    return value;
}

void arguments_join(struct bytes *out, const struct arguments *arguments, size_t from)
{
    out->len = 0;
    bytes_add(out, "", 0);
    for (size_t i = from; i < arguments->count; i++)
        bytes_add(out, arguments->at[i].at, arguments->at[i].len);
}

void arguments_want(const struct arguments *arguments, size_t count)
{
    if (arguments->count < count)
        flow_fail("a word is missing");
}

bool arguments_word_is(const struct arguments *arguments, size_t index,
                       const char *word)
{
    return index < arguments->count && strcmp(arguments->at[index].at, word) == 0;
}

void arguments_judge(const char *what, const struct bytes *text,
                     const struct arguments *arguments)
{
    const struct bytes *piece = &arguments->at[1];
    const char *verb;
    bool good;

    arguments_want(arguments, 2);
    verb = arguments->at[0].at;
    if (strcmp(verb, "contains") == 0)
        good = bytes_have(text, piece->at, piece->len);
    else if (strcmp(verb, "lacks") == 0)
        good = !bytes_have(text, piece->at, piece->len);
    else if (strcmp(verb, "is") == 0)
        good = text->len == piece->len && memcmp(text->at, piece->at, piece->len) == 0;
    else
        flow_fail("contains, lacks or is, not %s", verb);
    if (!good)
        flow_fail("the %s fails: %s \"%s\": \"%s\"", what, verb,
                  bytes_show(piece->at, piece->len), bytes_show(text->at, text->len));
}

/* ---- before the start ---- */

static bool have_ipv6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool works = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

    if (fd >= 0)
        close(fd);
    return works;
}

static void do_needs(const struct arguments *arguments)
{
    if (arguments_word_is(arguments, 0, "root") && geteuid() != 0)
        flow_skip("needs root");
    if (arguments_word_is(arguments, 0, "ipv6") && !have_ipv6())
        flow_skip("needs IPv6 on loopback");
}

static void do_only(const struct arguments *arguments)
{
    if (!arguments_word_is(arguments, 0, flow_relay))
        flow_skip("is only for %s", arguments->at[0].at);
}

static void do_config(const struct arguments *arguments)
{
    daemon_options.no_common = arguments_word_is(arguments, 0, "alone");
    daemon_options.config.len = 0;
    bytes_text(&daemon_options.config, arguments->block);
    if (daemon_started())
        daemon_write_config(daemon_options.config.at);
}

static void add_all(const struct arguments *arguments, char **list, size_t *count)
{
    for (size_t i = 0; i < arguments->count; i++) {
        if (*count == 31)
            flow_fail("too many of them");
        list[(*count)++] = strdup(arguments->at[i].at);
    }
}

static void do_arguments(const struct arguments *arguments)
{
    add_all(arguments, daemon_options.arguments, &daemon_options.argument_count);
}

static void do_environment(const struct arguments *arguments)
{
    add_all(arguments, daemon_options.environment, &daemon_options.environment_count);
}

static void do_descriptors(const struct arguments *arguments)
{
    arguments_want(arguments, 1);
    daemon_options.descriptors = arguments_number(arguments, 0);
}

static void do_pass_socket(const struct arguments *arguments)
{
    (void)arguments;
    manager_pass_socket();
}

static void do_credential(const struct arguments *arguments)
{
    arguments_want(arguments, 2);
    manager_credential(arguments->at[0].at, arguments->at[1].at, arguments->at[1].len);
}

/* file NAME MODE "content" */
static void do_file(const struct arguments *arguments)
{
    struct bytes content = {0};
    char path[200];
    int fd;

    arguments_want(arguments, 3);
    arguments_join(&content, arguments, 2);
    snprintf(path, sizeof(path), "%s/%.64s", daemon_directory(), arguments->at[0].at);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || fchmod(fd, (mode_t)strtoul(arguments->at[1].at, NULL, 8)) != 0 ||
        write(fd, content.at, content.len) != (ssize_t)content.len)
        flow_fail("%s: %s", path, strerror(errno));
    close(fd);
    free(content.at);
}

/* rename OLD NEW, in the flow's directory */
static void do_rename(const struct arguments *arguments)
{
    char from[200];
    char to[200];

    arguments_want(arguments, 2);
    snprintf(from, sizeof(from), "%s/%.64s", daemon_directory(), arguments->at[0].at);
    snprintf(to, sizeof(to), "%s/%.64s", daemon_directory(), arguments->at[1].at);
    if (rename(from, to) != 0)
        flow_fail("%s: %s", from, strerror(errno));
}

static void do_notify(const struct arguments *arguments)
{
    if (arguments->count == 0)
        manager_notify_open();
    else if (arguments_word_is(arguments, 0, "expect") && arguments->count == 2)
        manager_expect(arguments->at[1].at);
    else
        flow_fail("notify, or notify expect \"TEXT\"");
}

static void do_start(const struct arguments *arguments)
{
    (void)arguments;
    daemon_start();
}

static void do_start_fails(const struct arguments *arguments)
{
    arguments_want(arguments, 1);
    daemon_start_fails((int)arguments_number(arguments, 0));
}

/* ---- while it runs ---- */

static size_t occurrences(const struct bytes *text, const struct bytes *piece)
{
    size_t count = 0;

    for (const char *at = text->at; (at = strstr(at, piece->at)) != NULL;
         at += piece->len)
        count++;
    return count;
}

/* What stands behind the last one of the pieces, up to a blank, becomes @NAME@. */
static void remember_word(const char *name, const char *text, const struct bytes *piece)
{
    const char *last = text;
    char word[64];

    for (const char *at = text; (at = strstr(at, piece->at)) != NULL;)
        last = at += piece->len;
    snprintf(word, sizeof(word), "%.*s", (int)strcspn(last, " \n"), last);
    flow_remember(name, word);
}

/* log contains "X" and log remember NAME "X" wait for it; log count N "X" too, and then
 * wants no more. */
static void do_log(const struct arguments *arguments)
{
    int64_t deadline = flow_deadline(FLOW_DEADLINE);
    bool counts = arguments_word_is(arguments, 0, "count");
    bool remembers = arguments_word_is(arguments, 0, "remember");
    size_t wanted = counts && arguments->count > 1 ? arguments_number(arguments, 1) : 1;
    const struct bytes *piece = &arguments->at[arguments->count - 1];

    arguments_want(arguments, counts || remembers ? 3 : 2);
    if (arguments_word_is(arguments, 0, "lacks")) {
        if (bytes_have(daemon_log(), piece->at, piece->len))
            flow_fail("the log has \"%s\"", piece->at);
        return;
    }
    while (occurrences(daemon_log(), piece) < wanted) {
        if (flow_now() > deadline)
            flow_fail("the log has \"%s\" %zu times, not %zu times", piece->at,
                      occurrences(daemon_log(), piece), wanted);
        actor_pump(NULL, flow_now() + 5);
    }
    if (remembers)
        remember_word(arguments->at[1].at, daemon_log()->at, piece);
    if (counts && occurrences(daemon_log(), piece) != wanted)
        flow_fail("the log has \"%s\" %zu times, not %zu times", piece->at,
                  occurrences(daemon_log(), piece), wanted);
}

static void do_fds_settle(const struct arguments *arguments)
{
    (void)arguments;
    daemon_fds_settle();
}

static void do_memory(const struct arguments *arguments)
{
    arguments_want(arguments, 1);
    daemon_rss_below(arguments_number(arguments, 0));
}

static void do_processor(const struct arguments *arguments)
{
    arguments_want(arguments, 1);
    daemon_cpu_below(arguments_number(arguments, 0));
}

static void do_signal(const struct arguments *arguments)
{
    arguments_want(arguments, 1);
    daemon_signal(arguments->at[0].at);
}

static void do_expect_exit(const struct arguments *arguments)
{
    arguments_want(arguments, 1);
    daemon_expect_exit((int)arguments_number(arguments, 0),
                       arguments->count > 2 ? (int64_t)arguments_number(arguments, 2)
                                            : FLOW_DEADLINE);
}

static void run_words(const struct arguments *arguments, bool with_config)
{
    char *words[FLOW_WORDS];

    arguments_want(arguments, 2);
    for (size_t i = 1; i < arguments->count; i++)
        words[i - 1] = arguments->at[i].at;
    daemon_run((int)arguments_number(arguments, 0), words, arguments->count - 1,
               with_config);
}

static void do_run(const struct arguments *arguments)
{
    run_words(arguments, true);
}

static void do_run_alone(const struct arguments *arguments)
{
    run_words(arguments, false);
}

static void do_output(const struct arguments *arguments)
{
    arguments_judge("output", &run_output, arguments);
}

static void run_steps(const struct flow *flow);

/* repeat N { steps } */
static void do_repeat(const struct arguments *arguments)
{
    struct flow inner;
    uint64_t times;
    char path[200];
    FILE *file;

    arguments_want(arguments, 1);
    snprintf(path, sizeof(path), "%s/repeat", daemon_directory());
    file = fopen(path, "w");
    if (file == NULL || fputs(arguments->block, file) < 0 || fclose(file) != 0)
        flow_fail("%s: %s", path, strerror(errno));
    flow_parse(&inner, path);
    times = arguments_number(arguments, 0);
    for (uint64_t n = 1; n <= times; n++) {
        snprintf(path, sizeof(path), "%llu", (unsigned long long)n);
        flow_remember("n", path);
        run_steps(&inner);
    }
    flow_clear(&inner);
}

static const struct {
    const char *name;
    flow_verb *run;
    bool early; /* does not start ccgate */
} verbs[] = {
    {"needs", do_needs, true},
    {"only", do_only, true},
    {"config", do_config, true},
    {"arguments", do_arguments, true},
    {"environment", do_environment, true},
    {"descriptors", do_descriptors, true},
    {"pass-socket", do_pass_socket, true},
    {"credential", do_credential, true},
    {"file", do_file, true},
    {"rename", do_rename, true},
    {"notify", do_notify, true},
    {"start", do_start, true},
    {"start-fails", do_start_fails, true},
    {"log", do_log, true},
    {"run", do_run, true},
    {"run-alone", do_run_alone, true},
    {"output", do_output, true},
    {"fds-settle", do_fds_settle, false},
    {"memory-growth-below", do_memory, false},
    {"cpu-growth-below", do_processor, false},
    {"signal", do_signal, false},
    {"expect-exit", do_expect_exit, false},
    {"repeat", do_repeat, false},
};

/* ---- running ---- */

static void evaluate(struct arguments *out, const struct step *step, size_t from)
{
    static struct bytes texts[FLOW_WORDS];

    *out = (struct arguments){.block = step->block};
    for (size_t i = from; i < step->count; i++) {
        struct bytes *text = &texts[out->count];

        text->len = 0;
        bytes_add(text, "", 0);
        flow_expand(text, step->words[i].text.at, step->words[i].text.len);
        out->at[out->count++] = *text;
    }
}

static bool run_verb(const struct step *step)
{
    struct arguments arguments;

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(step->words[0].text.at, verbs[i].name) != 0)
            continue;
        if (!verbs[i].early && !daemon_started())
            daemon_start();
        evaluate(&arguments, step, 1);
        verbs[i].run(&arguments);
        return true;
    }
    return false;
}

static bool run_actor_verb(const struct step *step)
{
    static struct bytes name;
    struct arguments arguments;
    bool open = false;
    actor_verb *verb =
        step->count < 2 ? NULL : actor_verb_find(step->words[1].text.at, &open);

    if (verb == NULL)
        return false;
    if (!daemon_started())
        daemon_start();
    name.len = 0;
    flow_expand(&name, step->words[0].text.at, step->words[0].text.len);
    evaluate(&arguments, step, 2);
    verb(open ? actor_connected(name.at) : actor_find(name.at), &arguments);
    return true;
}

static void run_steps(const struct flow *flow)
{
    for (size_t i = 0; i < flow->count; i++) {
        const struct step *step = &flow->steps[i];

        flow_line = step->line;
        if (!run_verb(step) && !run_actor_verb(step))
            flow_fail("unknown step: %s %s", step->words[0].text.at,
                      step->count > 1 ? step->words[1].text.at : "");
    }
}

void flow_run(const struct flow *flow)
{
    run_steps(flow);
    daemon_finish();
}
