/*
 * test_resolve_system: what surrounds DNS: a resolv.conf that changes, and the system's
 * resolver, in whose place stands a getaddrinfo() of our own.
 */
#include "resolve_rig.h"

#include <netdb.h>

/* ---- the system's resolver ---- */

static int system_gate[2]; /* "slow..." waits until something can be read here */
static int system_asked;

/* In place of the C library's, so that the test needs no system set up for it. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    struct addrinfo *info;
    struct sockaddr_in *in;
    char byte;

    (void)service;
    (void)hints;
    __atomic_add_fetch(&system_asked, 1, __ATOMIC_SEQ_CST);
    if (strstr(name, "slow") != NULL && read(system_gate[0], &byte, 1) < 0)
        return EAI_SYSTEM;
    if (strstr(name, "system") == NULL)
        return strstr(name, "again") != NULL ? EAI_AGAIN : EAI_NONAME;
    info = calloc(1, sizeof(*info) + sizeof(*in));
    if (info == NULL)
        return EAI_MEMORY;
    in = (void *)(info + 1);
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(0xc000024d); /* 192.0.2.77 */
    info->ai_family = AF_INET;
    info->ai_addr = (struct sockaddr *)in;
    info->ai_addrlen = sizeof(*in);
    *found = info;
    return 0;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
void freeaddrinfo(struct addrinfo *found)
{
    free(found);
}

static void system_setup(void)
{
    setup();
    system_asked = 0;
    ck_assert_int_eq(pipe(system_gate), 0);
}

static void system_teardown(void)
{
    close(system_gate[1]); /* ends what is still slow */
    teardown();
    close(system_gate[0]);
}

static const struct {
    enum resolve_mode mode;
    const char *host;
    enum outcome outcome;
    const char *detail; /* "" when OK; NULL: depends on the version of c-ares */
    bool no_such_name;
    int asked; /* how often the system was */
} system_cases[] = {
    {RESOLVE_DNS, "nx-system.test", OUTCOME_DNS_ERROR, "no such name (NXDOMAIN)", true,
     0},
    {RESOLVE_AUTO, "nx-system.test", OUTCOME_OK, "", false, 1},
    {RESOLVE_AUTO, "empty-system.test", OUTCOME_OK, "", false, 1},
    {RESOLVE_AUTO, "refused-system.test", OUTCOME_OK, "", false, 1},
    /* The system has no way to say that a name does not exist where DNS failed. */
    {RESOLVE_AUTO, "refused.test", OUTCOME_DNS_ERROR, NULL, false, 1},
    {RESOLVE_AUTO, "empty.test", OUTCOME_DNS_ERROR, "the name has no address", false,
     1},
    {RESOLVE_AUTO, "good-system.test", OUTCOME_OK, "", false, 0},
    {RESOLVE_AUTO, "nx.test", OUTCOME_DNS_ERROR, "no such name (NXDOMAIN)", true, 1},
    {RESOLVE_AUTO, "nx-again.test", OUTCOME_DNS_ERROR, "no such name (NXDOMAIN)", true,
     1},
    {RESOLVE_SYSTEM, "system.test", OUTCOME_OK, "", false, 1},
    {RESOLVE_SYSTEM, "other.test", OUTCOME_DNS_ERROR, "no such name", true, 1},
    {RESOLVE_SYSTEM, "again.test", OUTCOME_DNS_ERROR, "no DNS server answered", false,
     1},
    {RESOLVE_SYSTEM, "localhost", OUTCOME_OK, "", false, 0},
};

START_TEST(system_resolver)
{
    struct ask ask;

    resolver_at(system_cases[_i].mode, TIMEOUT_MS);
    ask = asked(system_cases[_i].host);
    ck_assert_int_eq(ask.outcome, system_cases[_i].outcome);
    if (system_cases[_i].detail != NULL)
        ck_assert_str_eq(ask.detail, system_cases[_i].detail);
    ck_assert_int_eq(ask.no_such_name, system_cases[_i].no_such_name);
    ck_assert_int_eq(system_asked, system_cases[_i].asked);
    if (system_cases[_i].outcome == OUTCOME_OK && system_asked > 0)
        ck_assert(has(&ask, "192.0.2.77"));
    if (system_cases[_i].mode == RESOLVE_SYSTEM)
        ck_assert_uint_eq(servers[0].asked, 0);
}
END_TEST

START_TEST(dead_server_leads_to_the_system)
{
    struct resolve_options options = {.mode = RESOLVE_AUTO, .timeout = 1200};
    char text[64];
    struct ask ask;
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof(a);
    /* Bound and connected elsewhere: what is sent to it is refused. */
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    snprintf(text, sizeof(text), "127.0.0.1:%u", (unsigned)ntohs(a.sin_port));
    options.servers = text;
    resolver_free(resolver);
    resolver = resolver_new(loop, &options);
    ask = asked("my-system.test");
    ck_assert_int_eq(ask.outcome, OUTCOME_OK);
    ck_assert(has(&ask, "192.0.2.77"));
    close(fd);
}
END_TEST

START_TEST(slow_system_ends_at_the_deadline)
{
    struct ask ask;

    resolver_at(RESOLVE_SYSTEM, 150);
    ask = asked("slow-system.test");
    ck_assert_int_eq(ask.outcome, OUTCOME_DNS_TIMEOUT);
    ck_assert_str_eq(ask.detail, "timed out after 0.1 s");
    ask_start(&ask, SPAN("slow-system.test"));
    resolve_cancel(ask.query);
    pass_ms(20);
    ck_assert(!ask.done);
}
END_TEST

/* ---- another server ---- */

static char conf_path[] = "/tmp/ccgate-test-resolv-XXXXXX";

static void conf_write(const struct server *s)
{
    FILE *f = fopen(conf_path, "w");

    ck_assert_ptr_nonnull(f);
    fprintf(f, "nameserver 127.0.0.%d\n", s->last_byte);
    ck_assert_int_eq(fclose(f), 0);
}

static void conf_setup(void)
{
    struct resolve_options options = {
        .mode = RESOLVE_DNS,
        .timeout = TIMEOUT_MS,
        .resolv_conf = conf_path,
    };
    int fd;

    setup();
    options.dns_port = servers[0].port;
    fd = mkstemp(conf_path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    conf_write(&servers[0]);
    resolver_free(resolver);
    resolver = resolver_new(loop, &options);
    ck_assert_ptr_nonnull(resolver);
}

static void conf_teardown(void)
{
    unlink(conf_path);
    memset(conf_path + sizeof(conf_path) - 7, 'X', 6);
    teardown();
}

START_TEST(flush_rereads_the_servers)
{
    struct ask ask = asked("good.test");
    struct ask under_way;

    ck_assert(has(&ask, "192.0.0.1"));
    servers[0].hold_ms = 150;
    ask_start(&under_way, SPAN("held.test"));
    pass_ms(20);
    conf_write(&servers[1]);
    ask = asked("good.test");
    ck_assert(ask.cached);
    resolver_flush(resolver);
    /* Asked anew, of the new server, which is faster. */
    ask = asked("held.test");
    ck_assert(has(&ask, "192.0.0.2"));
    ck_assert(!under_way.done);
    /* The old lookup ends where it began, and leaves nothing behind. */
    loop_run(loop);
    ck_assert(has(&under_way, "192.0.0.1"));
    ask = asked("held.test");
    ck_assert(ask.cached);
    ck_assert(has(&ask, "192.0.0.2"));
    ask = asked("good.test");
    ck_assert(!ask.cached);
    ck_assert(has(&ask, "192.0.0.2"));
}
END_TEST

START_TEST(changed_servers_are_noticed)
{
    struct ask ask = asked("good.test");

    ck_assert(has(&ask, "192.0.0.1"));
    conf_write(&servers[1]);
    pass_ms(1050);
    ask = asked("good.test");
    ck_assert(!ask.cached);
    ck_assert(has(&ask, "192.0.0.2"));
    ask = asked("good.test");
    ck_assert(ask.cached);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("resolve_system");
    TCase *tc = tcase_create("getaddrinfo");
    TCase *conf = tcase_create("resolv.conf");

    tcase_set_timeout(tc, 20);
    tcase_add_checked_fixture(tc, system_setup, system_teardown);
    tcase_add_loop_test(tc, system_resolver, 0, COUNT(system_cases));
    tcase_add_test(tc, dead_server_leads_to_the_system);
    tcase_add_test(tc, slow_system_ends_at_the_deadline);
    suite_add_tcase(suite, tc);
    tcase_set_timeout(conf, 20);
    tcase_add_checked_fixture(conf, conf_setup, conf_teardown);
    tcase_add_test(conf, flush_rereads_the_servers);
    tcase_add_test(conf, changed_servers_are_noticed);
    suite_add_tcase(suite, conf);
    return suite_run(suite);
}
