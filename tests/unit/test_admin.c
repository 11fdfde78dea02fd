/*
 * test_admin: the admin socket, from both ends.
 */
#include "admin_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* ---- what is answered ---- */

START_TEST(status_is_json)
{
    const char *body;
    json_t *status, *hop;

    ck_assert_int_eq(rig_ask("GET", "/status", &body), 200);
    status = json_loads(body, 0, NULL);
    ck_assert_ptr_nonnull(status);
    ck_assert_str_eq(json_string_value(json_object_get(status, "version")), "1.2.3");
    ck_assert_str_eq(json_string_value(json_object_get(status, "uid_check")), "kernel");
    ck_assert_uint_eq(json_array_size(json_object_get(status, "listeners")), 1);
    hop = json_array_get(json_object_get(status, "hops"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(hop, "name")),
                     "http://proxy.test:8080");
    ck_assert_str_eq(json_string_value(json_object_get(hop, "health")), "unused");
    json_decref(status);
}
END_TEST

START_TEST(status_shows_failures)
{
    struct hop hop = {.name = "http://proxy.test:8080"};
    const char *body;
    json_t *status, *shown, *error;

    health_failed(rig.egress->health, &hop, OUTCOME_CONNECT_REFUSED,
                  "refu\xff"
                  "sed",
                  60000);
    server_note_error(rig.server, OUTCOME_DNS_ERROR, false, SPAN("first.test:443"),
                      "one");
    server_note_error(rig.server, OUTCOME_LOOP, false, SPAN("second.test:443"), "two");
    ck_assert_int_eq(rig_ask("GET", "/status", &body), 200);
    status = json_loads(body, 0, NULL);
    shown = json_array_get(json_object_get(status, "hops"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(shown, "health")), "resting");
    ck_assert_int_gt(json_integer_value(json_object_get(shown, "rests_for_ms")), 0);
    ck_assert_str_eq(json_string_value(json_object_get(shown, "last_detail")),
                     "refu?sed");
    error = json_array_get(json_object_get(status, "last_errors"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(error, "target")),
                     "second.test:443");
    ck_assert_str_eq(json_string_value(json_object_get(error, "outcome")),
                     outcome_info(OUTCOME_LOOP)->name);
    json_decref(status);
}
END_TEST

static const json_t *hop_of(const json_t *hops, const char *name)
{
    for (size_t i = 0; i < json_array_size(hops); i++) {
        const json_t *hop = json_array_get(hops, i);

        if (strcmp(json_string_value(json_object_get(hop, "name")), name) == 0)
            return hop;
    }
    ck_abort_msg("no %s", name);
}

/* Also one that no source names: a script may have named it, or will. */
START_TEST(hops_are_those_named_or_used)
{
    struct hop named = {.name = "http://proxy.test:8080"};
    struct hop used = {.name = "http://other.test:1"};
    const char *body;
    const json_t *hop;
    json_t *answer, *hops;

    health_succeeded(rig.egress->health, &named);
    health_failed(rig.egress->health, &used, OUTCOME_DNS_ERROR, "no such name", 60000);
    ck_assert_int_eq(rig_ask("GET", "/hops", &body), 200);
    answer = json_loads(body, 0, NULL);
    hops = json_object_get(answer, "hops");
    ck_assert_uint_eq(json_array_size(hops), 2);
    hop = hop_of(hops, "http://proxy.test:8080");
    ck_assert_str_eq(json_string_value(json_object_get(hop, "health")), "ok");
    ck_assert_int_gt(json_integer_value(json_object_get(hop, "last_success_at")),
                     1700000000);
    ck_assert(json_is_object(json_object_get(hop, "login")));
    hop = hop_of(hops, "http://other.test:1");
    ck_assert_str_eq(json_string_value(json_object_get(hop, "health")), "resting");
    ck_assert(json_is_null(json_object_get(hop, "last_success_at")));
    ck_assert_str_eq(json_string_value(json_object_get(hop, "last_detail")),
                     "no such name");
    json_decref(answer);
    ck_assert_int_eq(rig_ask("POST", "/hops", NULL), 405);
}
END_TEST

/* The ids of this process begin as its name in Via does. */
START_TEST(unknown_requests_are_explained)
{
    char target[64];
    const char *body;

    ck_assert_int_eq(rig_ask("GET", "/requests/17", &body), 404);
    ck_assert_ptr_nonnull(strstr(body, "that is no id of a request"));
    snprintf(target, sizeof(target), "/requests/%.4s-1/else", rig.egress->name + 7);
    ck_assert_int_eq(rig_ask("GET", target, &body), 404);
    ck_assert_ptr_nonnull(strstr(body, "that is no id of a request"));
    snprintf(target, sizeof(target), "/requests/%.4s-1", rig.egress->name + 7);
    ck_assert_int_eq(rig_ask("GET", target, &body), 404);
    ck_assert_ptr_nonnull(strstr(body, "there was none of that id so far"));
    rig.server->last_request++;
    ck_assert_int_eq(rig_ask("GET", target, &body), 404);
    ck_assert_ptr_nonnull(strstr(body, "among the last 64 that ended; the log"));
    target[10] = target[10] == '0' ? '1' : '0';
    ck_assert_int_eq(rig_ask("GET", target, &body), 404);
    ck_assert_ptr_nonnull(strstr(body, "is not of the ccgate that runs here"));
    ck_assert_int_eq(rig_ask("POST", target, NULL), 405);
}
END_TEST

START_TEST(reload_tells_how_it_went)
{
    const char *body;

    rig.reload_works = true;
    ck_assert_int_eq(rig_ask("POST", "/reload", &body), 200);
    rig.reload_works = false;
    ck_assert_int_eq(rig_ask("POST", "/reload", &body), 422);
    ck_assert_ptr_nonnull(strstr(body, "unknown key \"bogus\""));
    ck_assert_int_eq(rig.reloads, 2);
}
END_TEST

START_TEST(stop_is_passed_on)
{
    ck_assert_int_eq(rig_ask("POST", "/stop", NULL), 200);
    ck_assert_int_eq(rig.stops, 1);
}
END_TEST

START_TEST(other_requests_do_nothing)
{
    ck_assert_int_eq(rig_ask("GET", "/stop", NULL), 405);
    ck_assert_int_eq(rig_ask("GET", "/reload", NULL), 405);
    ck_assert_int_eq(rig_ask("POST", "/status", NULL), 405);
    ck_assert_int_eq(rig_ask("GET", "/", NULL), 404);
    ck_assert_int_eq(rig_ask("GET", "/status?x=1", NULL), 200);
    ck_assert_int_eq(rig.stops + rig.reloads, 0);
}
END_TEST

/* ---- raw connections ---- */

static int dial(void)
{
    struct netaddr addr;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    ck_assert(netaddr_from_path(&addr, span_of(admin_path(rig.admin))));
    ck_assert_int_eq(connect(fd, &addr.u.sa, addr.len), 0);
    return fd;
}

struct raw {
    struct watch *watch;
    char text[512];
    size_t len;
};

static void raw_event(void *ctx, unsigned events)
{
    struct raw *raw = ctx;
    ssize_t n = recv(watch_fd(raw->watch), raw->text + raw->len,
                     sizeof(raw->text) - 1 - raw->len, 0);

    (void)events;
    if (n > 0)
        raw->len += (size_t)n;
    else
        loop_stop(rig.loop);
}

/* Sends bytes and reads until the other end closes. */
static const char *send_raw(struct span bytes)
{
    static struct raw raw;
    int fd = dial();

    raw = (struct raw){.watch = watch_new(rig.loop, fd, raw_event, &raw)};
    ck_assert_int_eq(send(fd, bytes.at, bytes.len, MSG_NOSIGNAL), (ssize_t)bytes.len);
    watch_want(raw.watch, WATCH_READ);
    loop_run(rig.loop);
    watch_close(raw.watch);
    return raw.text;
}

static char large[ADMIN_HEAD_LIMIT + 100];

START_TEST(bad_heads_are_refused)
{
    memset(large, 'a', sizeof(large));
    memcpy(large, "GET /status HTTP/1.1\r\nX: ", 25);
    ck_assert(strstr(send_raw(SPAN("\0\1\2\r\n\r\n")), "HTTP/1.1 400 ") != NULL);
    ck_assert(strstr(send_raw(SPAN("GET / HTTP/2.0\r\n\r\n")), "HTTP/1.1 400 ") !=
              NULL);
    ck_assert(strstr(send_raw((struct span){large, sizeof(large)}), "HTTP/1.1 431 ") !=
              NULL);
}
END_TEST

START_TEST(unread_body_does_not_destroy_the_answer)
{
    rig.reload_works = true;
    ck_assert(strstr(send_raw(SPAN("POST /reload HTTP/1.1\r\nHost: a\r\n"
                                   "Content-Length: 4\r\n\r\nbody")),
                     "in force") != NULL);
}
END_TEST

static void stop_loop(void *ctx)
{
    (void)ctx;
    loop_stop(rig.loop);
}

/* Lets the loop run that long. */
static void turn(uint64_t ms)
{
    struct deadline end;

    deadline_init(&end, stop_loop, NULL);
    deadline_set(rig.loop, &end, ms);
    loop_run(rig.loop);
    deadline_clear(rig.loop, &end);
}

static int dial_reload(void)
{
    static const char order[] = "POST /reload HTTP/1.1\r\nHost: a\r\n\r\n";
    int fd = dial();

    ck_assert_int_eq(send(fd, order, sizeof(order) - 1, 0), sizeof(order) - 1);
    return fd;
}

static ssize_t received(int fd, char text[512])
{
    ssize_t n = recv(fd, text, 511, MSG_DONTWAIT);

    text[n < 0 ? 0 : n] = '\0';
    return n;
}

/* Whoever asks while a reload goes on waits for it longer than for anything else. */
START_TEST(reload_takes_its_time)
{
    char text[512];
    int first, second;

    rig.reload_works = rig.reload_later = true;
    first = dial_reload();
    second = dial_reload();
    turn(ADMIN_DEADLINE + 500);
    ck_assert_int_eq(rig.reloads, 2);
    ck_assert_int_eq(rig_ask("GET", "/status", NULL), 200);
    ck_assert_int_eq(received(first, text), -1);
    rig_reloaded();
    ck_assert_int_gt(received(first, text), 0);
    ck_assert_ptr_nonnull(strstr(text, "HTTP/1.1 200 "));
    ck_assert_int_gt(received(second, text), 0);
    ck_assert_ptr_nonnull(strstr(text, "is in force"));
    /* having got it, they are closed like all others */
    turn(ADMIN_DEADLINE + 500);
    ck_assert_int_eq(received(first, text), 0);
    close(first);
    close(second);
    /* one that went away is not answered */
    close(dial_reload());
    turn(50);
    ck_assert_int_eq(rig.reloads, 3);
    rig_reloaded();
}
END_TEST

START_TEST(silence_ends_at_the_deadline)
{
    uint64_t start = loop_clock();

    ck_assert_str_eq(send_raw(SPAN("GET /status HTT")), "");
    ck_assert_uint_ge((loop_clock() - start) / 1000000, ADMIN_DEADLINE - 100);
}
END_TEST

/* One connection too many is closed, the others are kept. */
START_TEST(connections_are_limited)
{
    int fds[ADMIN_CLIENT_LIMIT];

    for (int i = 0; i < ADMIN_CLIENT_LIMIT; i++)
        fds[i] = dial();
    ck_assert_str_eq(send_raw(SPAN("GET /status HTTP/1.1\r\nHost: a\r\n\r\n")), "");
    for (int i = 0; i < ADMIN_CLIENT_LIMIT; i++) {
        char byte;

        ck_assert_int_lt(recv(fds[i], &byte, 1, 0), 0);
        ck_assert_int_eq(errno, EAGAIN);
        close(fds[i]);
    }
}
END_TEST

/* ---- the socket ---- */

START_TEST(socket_is_for_us_alone)
{
    struct stat st;

    ck_assert_int_eq(stat(admin_path(rig.admin), &st), 0);
    ck_assert(S_ISSOCK(st.st_mode));
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(live_socket_is_never_taken)
{
    struct admin *other = rig_admin_new();
    struct buf messages;

    buf_init(&messages, 65536);
    ck_assert(!admin_listen(other, rig.folder, "3128", &messages));
    ck_assert_int_eq(buf_append(&messages, "", 1), 0);
    ck_assert_ptr_nonnull(strstr(buf_span(&messages).at, "3128.sock"));
    ck_assert_ptr_nonnull(strstr(buf_span(&messages).at, "another ccgate"));
    admin_free(other);
    ck_assert_int_eq(rig_ask("GET", "/status", NULL), 200);
    buf_clear(&messages);
}
END_TEST

START_TEST(socket_moves)
{
    struct buf messages;
    char old[128];

    buf_init(&messages, 65536);
    snprintf(old, sizeof(old), "%s", admin_path(rig.admin));
    ck_assert(admin_listen(rig.admin, rig.folder, "4000", &messages));
    ck_assert_ptr_nonnull(strstr(admin_path(rig.admin), "/4000.sock"));
    ck_assert_int_ne(access(old, F_OK), 0);
    ck_assert_int_eq(rig_ask("GET", "/status", NULL), 200);
    buf_clear(&messages);
}
END_TEST

/* ---- finding ---- */

static void put_file(const char *name)
{
    char path[128];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", rig.folder, name);
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

START_TEST(only_living_sockets_are_found)
{
    struct client_instances found;
    struct admin *draining = rig_admin_new();
    struct buf messages;

    buf_init(&messages, 65536);
    put_file("4000.sock"); /* nobody answers there */
    put_file("3128.txt");
    ck_assert(admin_listen(draining, rig.folder, ADMIN_DRAINING "7", &messages));
    ck_assert(client_find(&found, rig.folder, NULL, &messages));
    ck_assert_uint_eq(found.count, 2);
    ck_assert_str_eq(found.path[0], admin_path(rig.admin));
    ck_assert(!client_is_draining(found.path[0]));
    ck_assert(client_is_draining(found.path[1]));
    client_instances_clear(&found);
    ck_assert(client_find(&found, rig.folder, "4000", &messages));
    ck_assert_uint_eq(found.count, 0);
    client_instances_clear(&found);
    ck_assert(client_find(&found, rig.folder, "3128", &messages));
    ck_assert_uint_eq(found.count, 1);
    client_instances_clear(&found);
    ck_assert(client_find(&found, "/nonexistent", NULL, &messages));
    ck_assert_uint_eq(found.count, 0);
    ck_assert_uint_eq(messages.len, 0);
    admin_free(draining);
    buf_clear(&messages);
}
END_TEST

/* ---- the table ---- */

START_TEST(table_passes_no_control_bytes_on)
{
    json_t *status =
        json_pack("{s:s, s:[s], s:[{s:s, s:s}], s:[{s:s, s:s}], s:[{s:s, s:s}]}",
                  "version", "1\x1b[2J", "listeners", "a\x07", "hops", "name",
                  "h\x1b]0;x", "health", "o\tk", "tunnels", "target", "t\r\n", "hop",
                  "\x7f", "last_errors", "target", "\x1b", "detail", "d\n\x01");
    struct buf text;

    buf_init(&text, 65536);
    ck_assert_int_eq(status_table(status, &text), 0);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)buf_span(&text).at[i];

        ck_assert_msg(c == '\n' || (c >= 0x20 && c != 0x7f), "byte %02x", c);
    }
    buf_clear(&text);
    json_decref(status);
}
END_TEST

/* What to do stands at the end of a message. */
START_TEST(table_shows_messages_whole)
{
    static const char end[] = "set `auth: basic`";
    char message[500];
    json_t *status;
    struct buf text;
    size_t found = 0;

    memset(message, 'x', sizeof(message));
    memcpy(message + sizeof(message) - sizeof(end), end, sizeof(end));
    status = json_pack("{s:s, s:[{s:s, s:s, s:{s:s, s:s}}], s:[{s:s, s:s}]}",
                       "state_trouble", message, "hops", "name", "http://a:1",
                       "last_detail", message, "login", "note", message, "warning",
                       message, "last_errors", "target", "t", "detail", message);
    ck_assert_ptr_nonnull(status);
    buf_init(&text, 65536);
    ck_assert_int_eq(status_table(status, &text), 0);
    ck_assert_int_eq(buf_append(&text, "", 1), 0);
    for (const char *at = buf_span(&text).at; (at = strstr(at, message)) != NULL; at++)
        found++;
    ck_assert_uint_eq(found, 5);
    buf_clear(&text);
    json_decref(status);
}
END_TEST

START_TEST(table_says_where_we_are)
{
    static const struct {
        const char *state, *why, *line;
    } CASES[] = {
        {"outside", "a.corp does not exist",
         "\nway        direct because outside: a.corp does not exist\n"},
        {"inside", "a.corp exists", "\noutside    no: a.corp exists\n"},
        {"unknown", NULL, "\noutside    not known yet\n"},
    };

    for (size_t i = 0; i < 3; i++) {
        json_t *status = json_pack("{s:{s:s, s:s?}}", "outside", "state",
                                   CASES[i].state, "why", CASES[i].why);
        struct buf text;

        buf_init(&text, 65536);
        ck_assert_int_eq(status_table(status, &text), 0);
        ck_assert_int_eq(buf_append(&text, "", 1), 0);
        ck_assert_ptr_nonnull(strstr(buf_span(&text).at, CASES[i].line));
        buf_clear(&text);
        json_decref(status);
    }
}
END_TEST

START_TEST(table_says_how_old_the_script_is)
{
    static const struct {
        const char *state, *why, *engine, *parts[2];
        const char *lines;
    } CASES[] = {
        {"stale",
         "answered 503",
         "duktape",
         {"landlock", "seccomp"},
         "\npac        http://p: stale, 2 h 3 min old, answered 503; 0 children, "
         "duktape"
         "\nsandbox    landlock, seccomp\n"},
        {"fresh",
         NULL,
         "duktape",
         {NULL},
         "\npac        http://p: fresh, 2 h 3 min old; 0 children, duktape"
         "\nsandbox    NONE\n"},
        {"broken",
         "line 3",
         NULL,
         {NULL},
         "\npac        http://p: broken, 2 h 3 min old, line 3; 0 children\n"},
        {"failed",
         "answered 404",
         NULL,
         {NULL},
         "\npac        http://p: failed, answered 404; 0 children\n"},
        {"loading", NULL, NULL, {NULL}, "\npac        http://p: loading; 0 children\n"},
    };

    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        json_t *sandbox = json_array();
        json_t *status;
        struct buf text;

        for (size_t k = 0; k < 2 && CASES[i].parts[k] != NULL; k++)
            json_array_append_new(sandbox, json_string(CASES[i].parts[k]));
        status =
            json_pack("{s:{s:s, s:s, s:s?, s:i, s:s?, s:o}}", "pac", "url", "http://p",
                      "state", CASES[i].state, "why", CASES[i].why, "age_ms", 7380000,
                      "engine", CASES[i].engine, "sandbox", sandbox);
        ck_assert_ptr_nonnull(status);
        buf_init(&text, 65536);
        ck_assert_int_eq(status_table(status, &text), 0);
        ck_assert_int_eq(buf_append(&text, "", 1), 0);
        ck_assert_msg(strstr(buf_span(&text).at, CASES[i].lines) != NULL, "%s",
                      buf_span(&text).at);
        buf_clear(&text);
        json_decref(status);
    }
}
END_TEST

START_TEST(table_of_nothing_is_no_crash)
{
    static const char *const ODD[] = {"{}", "{\"hops\": 3, \"tunnels\": {}}",
                                      "{\"hops\": [1], \"sessions\": []}"};

    for (size_t i = 0; i < 3; i++) {
        json_t *status = json_loads(ODD[i], 0, NULL);
        struct buf text;

        buf_init(&text, 65536);
        ck_assert_int_eq(status_table(status, &text), 0);
        buf_clear(&text);
        json_decref(status);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admin");
    TCase *c = tcase_create("admin");

    tcase_set_timeout(c, 30);
    tcase_add_checked_fixture(c, rig_setup, rig_teardown);
    tcase_add_test(c, status_is_json);
    tcase_add_test(c, status_shows_failures);
    tcase_add_test(c, hops_are_those_named_or_used);
    tcase_add_test(c, unknown_requests_are_explained);
    tcase_add_test(c, reload_tells_how_it_went);
    tcase_add_test(c, reload_takes_its_time);
    tcase_add_test(c, stop_is_passed_on);
    tcase_add_test(c, other_requests_do_nothing);
    tcase_add_test(c, bad_heads_are_refused);
    tcase_add_test(c, unread_body_does_not_destroy_the_answer);
    tcase_add_test(c, silence_ends_at_the_deadline);
    tcase_add_test(c, connections_are_limited);
    tcase_add_test(c, socket_is_for_us_alone);
    tcase_add_test(c, live_socket_is_never_taken);
    tcase_add_test(c, socket_moves);
    tcase_add_test(c, only_living_sockets_are_found);
    tcase_add_test(c, table_passes_no_control_bytes_on);
    tcase_add_test(c, table_shows_messages_whole);
    tcase_add_test(c, table_says_where_we_are);
    tcase_add_test(c, table_says_how_old_the_script_is);
    tcase_add_test(c, table_of_nothing_is_no_crash);
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
