/*
 * flow: ccgate as a child process, in a directory of its own. Its log goes to a file
 * that is read whenever a step asks.
 */
#include "flow.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_TAIL    6000
#define START_LIMIT 15000
#define PIPES_KEPT  64 /* descriptors of pipes that may stay pooled */

struct daemon_options daemon_options;
const char *flow_relay = "copy";
struct bytes run_output;

static char directory[64];
static pid_t pid;
static int exit_status; /* of waitpid(), once pid is 0 again */
static bool started;
static struct bytes log_text;
static char addresses[8][64];
static size_t address_count;
static size_t base_sockets, base_pipes, base_others;
static uint64_t base_rss, base_cpu;

/* ---- files ---- */

const char *daemon_directory(void)
{
    const char *root = getenv("TMPDIR");

    if (directory[0] != '\0')
        return directory;
    snprintf(directory, sizeof(directory), "%s/flow.XXXXXX",
             root != NULL && strlen(root) < 40 ? root : "/tmp");
    if (mkdtemp(directory) == NULL)
        flow_fail("%s: %s", directory, strerror(errno));
    return directory;
}

static const char *path_of(const char *name)
{
    static char paths[4][128];
    static unsigned turn;
    char *path = paths[turn++ % 4];

    snprintf(path, sizeof(paths[0]), "%s/%s", daemon_directory(), name);
    return path;
}

/* Whether a line of the text begins with the key. */
static bool has_key(const char *text, const char *key)
{
    size_t len = strlen(key);

    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += line[0] == '\n';
        if (strncmp(line, key, len) == 0)
            return true;
    }
    return false;
}

static void add_common(struct bytes *out, const char *text)
{
    static const char *const lines[][2] = {
        {"state_dir:", "state_dir: @dir@/state\n"},
        {"runtime_dir:", "runtime_dir: @dir@/run\n"},
        {"listen:", "listen: 127.0.0.1:0\n"},
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        if (!has_key(text, lines[i][0]))
            flow_expand(out, lines[i][1], strlen(lines[i][1]));
    /* What the desktop of this machine says would decide otherwise. */
    if (!has_key(text, "proxy:") && !has_key(text, "pac:") && !has_key(text, "wpad:"))
        bytes_text(out, "proxy: []\n");
    if (has_key(text, "relay:"))
        return;
    bytes_text(out, "relay: ");
    bytes_text(out, flow_relay);
    bytes_text(out, "\n");
}

void daemon_write_config(const char *text)
{
    struct bytes out = {0};
    FILE *file = fopen(path_of("ccgate.yaml.new"), "w");

    flow_expand(&out, text, strlen(text));
    if (!daemon_options.no_common)
        add_common(&out, text);
    if (file == NULL || fchmod(fileno(file), 0600) != 0 ||
        fwrite(out.at, 1, out.len, file) != out.len || fclose(file) != 0 ||
        rename(path_of("ccgate.yaml.new"), path_of("ccgate.yaml")) != 0)
        flow_fail("the configuration cannot be written");
    free(out.at);
}

const struct bytes *daemon_log(void)
{
    static char piece[65536];
    static off_t offset;
    static ino_t inode;
    int fd = open(path_of("log"), O_RDONLY | O_CLOEXEC);
    struct stat status;
    ssize_t n;

    bytes_add(&log_text, "", 0);
    if (fd < 0 || fstat(fd, &status) != 0)
        return &log_text;
    if (status.st_ino != inode)
        offset = 0; /* a new file under the old name */
    inode = status.st_ino;
    while ((n = pread(fd, piece, sizeof(piece), offset)) > 0) {
        bytes_add(&log_text, piece, (size_t)n);
        offset += n;
    }
    close(fd);
    return &log_text;
}

/* ---- the process ---- */

static bool running(void)
{
    if (pid != 0 && waitpid(pid, &exit_status, WNOHANG) == pid)
        pid = 0;
    return pid != 0;
}

static const char *how_it_ended(void)
{
    static char text[64];

    if (WIFSIGNALED(exit_status))
        snprintf(text, sizeof(text), "signal %d", WTERMSIG(exit_status));
    else
        snprintf(text, sizeof(text), "exit code %d", WEXITSTATUS(exit_status));
    return text;
}

static void show_log(FILE *out)
{
    const struct bytes *log = daemon_log();
    size_t skip = log->len > LOG_TAIL ? log->len - LOG_TAIL : 0;

    if (started && !running())
        fprintf(out, "ccgate ended with %s\n", how_it_ended());
    fprintf(out, "its log:\n%s\n", log->at + skip);
    if (pid != 0)
        kill(pid, SIGKILL);
}

static void set_environment(char **environment, size_t size)
{
    static const char *const passed[] = {"PATH", "ASAN_OPTIONS", "LSAN_OPTIONS",
                                         "UBSAN_OPTIONS", "TSAN_OPTIONS"};
    static char values[5][512];
    static char home[96];
    size_t count = 0;

    snprintf(home, sizeof(home), "HOME=%s", daemon_directory());
    environment[count++] = home;
    for (size_t i = 0; i < 5; i++) {
        if (getenv(passed[i]) == NULL)
            continue;
        snprintf(values[i], sizeof(values[i]), "%s=%s", passed[i], getenv(passed[i]));
        environment[count++] = values[i];
    }
    for (size_t i = 0; i < daemon_options.environment_count && count + 8 < size; i++)
        environment[count++] = daemon_options.environment[i];
    environment[count] = NULL;
}

/* In the child. Never returns. */
static void execute(char *const *words, int out)
{
    static char *environment[64];
    struct rlimit limit = {daemon_options.descriptors, daemon_options.descriptors};
    int null = open("/dev/null", O_RDONLY);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(126);
    if (daemon_options.descriptors > 0 && setrlimit(RLIMIT_NOFILE, &limit) != 0)
        _exit(126);
    set_environment(environment, 64);
    environ = environment;
    if (words[1] == NULL || words[1][0] == '-')
        manager_enter();
    execv(words[0], words);
    fprintf(stderr, "%s: %s\n", words[0], strerror(errno));
    _exit(127);
}

static pid_t spawn(char *const *words, const char *output)
{
    int out = open(path_of(output), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0)
        execute(words, out);
    if (child < 0 || out < 0)
        flow_fail("fork: %s", strerror(errno));
    close(out);
    return child;
}

static char *program(void)
{
    char *path = getenv("CCGATE");

    if (path == NULL)
        flow_fail("CCGATE must name the program");
    return path;
}

static void launch(void)
{
    static char config[128];
    static char config_option[] = "--config";
    char *words[40] = {program(), config_option, config};
    size_t count = 3;

    snprintf(config, sizeof(config), "%s", path_of("ccgate.yaml"));
    for (size_t i = 0; i < daemon_options.argument_count; i++)
        words[count++] = daemon_options.arguments[i];
    words[count] = NULL;
    daemon_write_config(daemon_options.config.at != NULL ? daemon_options.config.at
                                                         : "");
    flow_on_failure(show_log);
    pid = spawn(words, "log");
    started = true;
}

/* Of what the log says from there on: a process may have run before. */
static void read_addresses(size_t from)
{
    static const char mark[] = "listening addr=";
    const char *at = daemon_log()->at + from;

    address_count = 0;
    while ((at = strstr(at, mark)) != NULL && address_count < 8) {
        at += sizeof(mark) - 1;
        at += at[0] == '"';
        snprintf(addresses[address_count++], sizeof(addresses[0]), "%.*s",
                 (int)strcspn(at, " \"\n"), at);
    }
}

static bool runs_scripts(const char *child)
{
    char path[64];
    char name[32] = "";
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%.16s/comm", child);
    file = fopen(path, "r");
    if (file != NULL && fgets(name, sizeof(name), file) == NULL)
        name[0] = '\0';
    if (file != NULL)
        fclose(file);
    return strcmp(name, "ccgate-pac\n") == 0;
}

/* The children that stay for PAC scripts; ccgate holds one socket to each. */
static size_t script_children(void)
{
    char path[64];
    char text[1024] = "";
    size_t count = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
    file = fopen(path, "r");
    if (file != NULL && fgets(text, sizeof(text), file) != NULL)
        for (char *child = text, *end; (end = strchr(child, ' ')) != NULL;
             child = end + 1) {
            *end = '\0';
            count += runs_scripts(child);
        }
    if (file != NULL)
        fclose(file);
    return count;
}

static void count_fds(size_t *sockets, size_t *pipes, size_t *others)
{
    char path[300];
    char target[64];
    struct dirent *entry;
    DIR *fds;

    *sockets = *pipes = *others = 0;
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    fds = opendir(path);
    while (fds != NULL && (entry = readdir(fds)) != NULL) {
        ssize_t n;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)pid, entry->d_name);
        n = readlink(path, target, sizeof(target) - 1);
        target[n > 0 ? n : 0] = '\0';
        if (strncmp(target, "socket:", 7) == 0)
            ++*sockets;
        else if (strncmp(target, "pipe:", 5) == 0)
            ++*pipes;
        else if (strncmp(target, "/memfd:", 7) != 0) /* a PAC script */
            ++*others;
    }
    if (fds != NULL)
        closedir(fds);
    *sockets -= script_children();
}

/* A line of /proc/PID/status in bytes. */
static uint64_t memory(const char *name)
{
    char path[64];
    char line[256];
    uint64_t kib = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
            kib = strtoull(line + strlen(name) + 1, NULL, 10);
    if (file != NULL)
        fclose(file);
    return kib * 1024;
}

/* Milliseconds of processor time so far. */
static uint64_t cpu_time(void)
{
    unsigned long long user = 0;
    unsigned long long kernel = 0;
    char path[64];
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (file == NULL ||
        fscanf(file,
               "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
               &user, &kernel) != 2)
        flow_fail("%s cannot be read", path);
    fclose(file);
    return (user + kernel) * 1000 / (unsigned long long)sysconf(_SC_CLK_TCK);
}

void daemon_start(void)
{
    int64_t deadline = flow_deadline(START_LIMIT);
    size_t from = started ? daemon_log()->len : 0;

    if (started && running())
        flow_fail("ccgate runs already");
    launch();
    while (strstr(daemon_log()->at + from, " ready pid=") == NULL) {
        if (!running())
            flow_fail("ccgate did not start: %s", how_it_ended());
        if (flow_now() > deadline)
            flow_fail("ccgate did not become ready");
        flow_breathe();
    }
    read_addresses(from);
    count_fds(&base_sockets, &base_pipes, &base_others);
    base_rss = memory("RssAnon");
    base_cpu = cpu_time();
}

bool daemon_started(void)
{
    return started;
}

static void wait_exit(int64_t ms)
{
    int64_t deadline = flow_deadline(ms);

    while (running()) {
        if (flow_now() > deadline)
            flow_fail("ccgate did not end within %d ms", (int)ms);
        flow_breathe();
    }
}

void daemon_expect_exit(int code, int64_t ms)
{
    wait_exit(ms);
    if (!WIFEXITED(exit_status) || WEXITSTATUS(exit_status) != code)
        flow_fail("ccgate ended with %s, not with exit code %d", how_it_ended(), code);
}

void daemon_start_fails(int code)
{
    launch();
    daemon_expect_exit(code, START_LIMIT);
}

void daemon_signal(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } signals[] = {
        {"HUP", SIGHUP}, {"TERM", SIGTERM}, {"INT", SIGINT}, {"USR1", SIGUSR1}};

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (strcmp(signals[i].name, name) != 0)
            continue;
        if (!running() || kill(pid, signals[i].number) != 0)
            flow_fail("ccgate is not running");
        return;
    }
    flow_fail("%s is no signal here", name);
}

const char *daemon_address(size_t which)
{
    size_t index = which == 0 ? 0 : which - 1;

    if (index >= address_count)
        flow_fail("ccgate has no listener %zu", index + 1);
    return addresses[index];
}

const char *daemon_admin(void)
{
    char name[96];

    snprintf(name, sizeof(name), "run/%s.sock", strrchr(daemon_address(0), ':') + 1);
    return path_of(name);
}

void daemon_run(int code, char *const *words, size_t count, bool with_config)
{
    static char config[160];
    static unsigned number;
    char *all[FLOW_WORDS + 4] = {program()};
    char output[32];
    char piece[4096];
    size_t n;
    int status;
    FILE *file;

    memcpy(all + 1, words, count * sizeof(*words));
    snprintf(config, sizeof(config), "--config=%s", path_of("ccgate.yaml"));
    all[1 + count] = with_config ? config : NULL;
    snprintf(output, sizeof(output), "output.%u", number++);
    if (waitpid(spawn(all, output), &status, 0) < 0)
        flow_fail("waitpid: %s", strerror(errno));
    run_output.len = 0;
    bytes_add(&run_output, "", 0);
    file = fopen(path_of(output), "r");
    while (file != NULL && (n = fread(piece, 1, sizeof(piece), file)) > 0)
        bytes_add(&run_output, piece, n);
    if (file != NULL)
        fclose(file);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
        flow_fail("ccgate %s ended with status 0x%x and said \"%s\"", words[0], status,
                  bytes_show(run_output.at, run_output.len));
}

/* ---- what must hold at the end ---- */

void daemon_fds_settle(void)
{
    int64_t deadline = flow_deadline(FLOW_DEADLINE);
    size_t sockets, pipes, others;

    for (;;) {
        count_fds(&sockets, &pipes, &others);
        if (sockets <= base_sockets && pipes <= base_pipes + PIPES_KEPT &&
            others <= base_others)
            return;
        if (flow_now() > deadline)
            flow_fail(
                "descriptors stay open: %zu sockets (%zu at the start), %zu pipes "
                "(%zu), %zu others (%zu)",
                sockets, base_sockets, pipes, base_pipes, others, base_others);
        flow_breathe();
    }
}

void daemon_rss_below(uint64_t bytes)
{
    uint64_t growth = memory("RssAnon") - base_rss;

    if (memory("VmSize") > 1ULL << 40)
        return; /* a sanitizer's memory says nothing */
    if ((int64_t)growth > (int64_t)bytes)
        flow_fail("memory grew by %llu KiB", (unsigned long long)growth / 1024);
}

void daemon_cpu_below(uint64_t ms)
{
    uint64_t growth = cpu_time() - base_cpu;

    if (growth > ms)
        flow_fail("%llu ms of processor time were used", (unsigned long long)growth);
}

/* The characters of base64 that do not depend on what stands before or after. */
static void base64_core(const char *text, size_t shift, char *out)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t bits = strlen(text) * 8;
    size_t at = (6 - shift * 8 % 6) % 6;

    for (; at + 6 <= bits; at += 6) {
        unsigned pair = (unsigned)(unsigned char)text[at / 8] << 8;

        if (at / 8 + 1 < strlen(text))
            pair |= (unsigned char)text[at / 8 + 1];
        *out++ = digits[pair >> (10 - at % 8) & 63];
    }
    *out = '\0';
}

static void secrets_hidden(void)
{
    static const char canary[] = "s3cret-canary";
    char forms[4][40];

    snprintf(forms[0], sizeof(forms[0]), "%s", canary);
    for (size_t i = 0; i < 3; i++)
        base64_core(canary, i, forms[1 + i]);
    for (size_t i = 0; i < 4; i++) {
        if (strstr(daemon_log()->at, forms[i]) != NULL)
            flow_fail("the secret stands in the log as %s", forms[i]);
        if (actor_clients_saw(forms[i]))
            flow_fail("the secret was shown to a client as %s", forms[i]);
    }
}

static void remove_directory(void)
{
    static char tool[] = "rm", force[] = "-rf";
    char *words[] = {tool, force, directory, NULL};
    pid_t child;

    if (directory[0] == '\0' || getenv("FLOW_KEEP") != NULL)
        return;
    child = fork();
    if (child == 0) {
        execvp(words[0], words);
        _exit(127);
    }
    waitpid(child, NULL, 0);
}

void daemon_finish(void)
{
    if (started && running()) {
        actor_close_all();
        daemon_fds_settle();
        listener_close_all();
        daemon_signal("TERM");
        daemon_expect_exit(0, START_LIMIT);
    }
    secrets_hidden();
    remove_directory();
}
