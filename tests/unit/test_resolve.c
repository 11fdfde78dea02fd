/*
 * test_resolve: names to addresses: answers, failures, time, numbers, cancelling.
 */
#include "resolve_rig.h"

/* ---- answers ---- */

START_TEST(both_families)
{
    struct ask ask = asked("good.test");

    ck_assert_int_eq(ask.outcome, OUTCOME_OK);
    ck_assert_uint_eq(ask.count, 2);
    ck_assert(has(&ask, "192.0.0.1"));
    ck_assert(has(&ask, "2001:db8::1"));
    ck_assert(!ask.cached);
}
END_TEST

START_TEST(one_family)
{
    struct ask ask = asked("four.test");

    ck_assert_int_eq(ask.outcome, OUTCOME_OK);
    ck_assert_uint_eq(ask.count, 1);
    ck_assert(has(&ask, "192.0.0.1"));
}
END_TEST

START_TEST(more_addresses_than_taken)
{
    struct ask ask = asked("many.test");

    ck_assert_int_eq(ask.outcome, OUTCOME_OK);
    ck_assert_uint_eq(ask.count, RESOLVE_ADDRESS_LIMIT);
    /* Both families have their share, IPv6 comes first. */
    ck_assert_int_eq(ask.addresses[0].u.sa.sa_family, AF_INET6);
    ck_assert(has(&ask, "192.0.0.1"));
    ck_assert(has(&ask, "2001:db8::1"));
}
END_TEST

static const struct {
    const char *host;
    const char *detail; /* NULL: depends on the version of c-ares */
    bool no_such_name;
} failures[] = {
    {"nx.test", "no such name (NXDOMAIN)", true},
    {"empty.test", "the name has no address", false},
    {"refused.test", NULL, false},
    {"junk.test", NULL, false},
};

START_TEST(failures_are_told_apart)
{
    struct ask ask = asked(failures[_i].host);

    ck_assert_int_eq(ask.outcome, OUTCOME_DNS_ERROR);
    ck_assert_int_eq(ask.no_such_name, failures[_i].no_such_name);
    if (failures[_i].detail != NULL)
        ck_assert_str_eq(ask.detail, failures[_i].detail);
}
END_TEST

static const struct {
    struct span host;
} bad_names[] = {
    {SPAN("")},
    {SPAN(".")},
    {SPAN(".test")},
    {SPAN("good..test")},
    {SPAN("good.test..")},
    {SPAN("good test")},
    {SPAN("good\n.test")},
    {SPAN("good\0.test")},
    {SPAN("g\\111od.test")},
    {SPAN("g\xc3\xb6od.test")},
    {SPAN("127.1")},
    {SPAN("0x7f000001")},
    {SPAN("2130706433")},
    {SPAN("0177.0.0.1")},
    {SPAN("a123456789b123456789c123456789d123456789e123456789f123456789g123.test")},
};

START_TEST(bad_names_cause_no_packet)
{
    struct ask ask;

    ask_start(&ask, bad_names[_i].host);
    loop_run(loop);
    ck_assert_int_eq(ask.outcome, OUTCOME_DNS_ERROR);
    ck_assert_str_eq(ask.detail, "not a valid name");
    ck_assert_uint_eq(servers[0].asked, 0);
}
END_TEST

START_TEST(length_limit_of_names)
{
    char name[256];
    struct ask ask;

    memset(name, 'a', sizeof(name));
    for (size_t i = 50; i < sizeof(name); i += 50)
        name[i] = '.';
    for (size_t len = 253; len < 256; len++) {
        ask_start(&ask, (struct span){name, len});
        loop_run(loop);
        ck_assert_int_eq(ask.outcome, len == 253 ? OUTCOME_OK : OUTCOME_DNS_ERROR);
    }
    /* 253 and the final dot of an absolute name. */
    name[253] = '.';
    ask_start(&ask, (struct span){name, 254});
    loop_run(loop);
    ck_assert_int_eq(ask.outcome, OUTCOME_OK);
}
END_TEST

static const struct {
    const char *host;
    const char *first, *second;
} without_lookup[] = {
    {"127.0.0.1", "127.0.0.1", NULL},
    {"192.0.2.200", "192.0.2.200", NULL},
    {"::1", "::1", NULL},
    {"2001:db8::5", "2001:db8::5", NULL},
    {"localhost", "127.0.0.1", "::1"},
    {"LocalHost.", "127.0.0.1", "::1"},
    {"app.LOCALHOST", "127.0.0.1", "::1"},
};

START_TEST(literals_and_localhost_cause_no_packet)
{
    struct ask ask = asked(without_lookup[_i].host);

    ck_assert_int_eq(ask.outcome, OUTCOME_OK);
    ck_assert_uint_eq(ask.count, without_lookup[_i].second != NULL ? 2 : 1);
    ck_assert(has(&ask, without_lookup[_i].first));
    if (without_lookup[_i].second != NULL)
        ck_assert(has(&ask, without_lookup[_i].second));
    ck_assert_uint_eq(servers[0].asked, 0);
}
END_TEST

/* ---- time ---- */

START_TEST(silence_ends_at_the_deadline)
{
    uint64_t start = loop_clock();
    struct ask ask;

    resolver_at(RESOLVE_DNS, 300);
    ask = asked("silent.test");
    ck_assert_int_eq(ask.outcome, OUTCOME_DNS_TIMEOUT);
    ck_assert_str_eq(ask.detail, "timed out after 0.3 s");
    ck_assert(!ask.no_such_name);
    ck_assert_uint_ge(loop_clock() - start, 290 * 1000000ull);
    ck_assert_uint_lt(loop_clock() - start, 1500 * 1000000ull);
}
END_TEST

/* RFC 8305 section 3: one family does not wait for a server that ignores the other. */
static const struct {
    const char *host;
    const char *ip;
} half_silent[] = {
    {"mute6.test", "192.0.0.1"},
    {"mute4.test", "2001:db8::1"},
    {"late6.test", "192.0.0.1"},
};

START_TEST(one_family_does_not_wait_for_silence)
{
    uint64_t start = loop_clock();
    struct ask ask;
    size_t before;

    servers[0].hold_ms = 300;
    ask = asked(half_silent[_i].host);
    ck_assert_int_eq(ask.outcome, OUTCOME_OK);
    ck_assert_uint_eq(ask.count, 1);
    ck_assert(has(&ask, half_silent[_i].ip));
    ck_assert_uint_ge(loop_clock() - start, 40 * 1000000ull);
    ck_assert_uint_lt(loop_clock() - start, 1000 * 1000000ull);
    before = servers[0].asked;
    ask = asked(half_silent[_i].host);
    ck_assert(ask.cached);
    ck_assert_uint_eq(servers[0].asked, before);
    pass_ms(400); /* the late answer disturbs nobody */
}
END_TEST

START_TEST(second_family_in_time_is_taken)
{
    struct ask ask = asked("late6.test");

    ck_assert_int_eq(ask.outcome, OUTCOME_OK);
    ck_assert_uint_eq(ask.count, 2);
}
END_TEST

/* The answer known at the deadline counts, though the delay is not over. */
START_TEST(deadline_takes_what_is_there)
{
    struct ask ask;

    resolver_at(RESOLVE_DNS, 20);
    ask = asked("mute6.test");
    ck_assert_int_eq(ask.outcome, OUTCOME_OK);
    ck_assert_uint_eq(ask.count, 1);
}
END_TEST

static const struct {
    const char *host;
    enum outcome outcome;
} silent_failures[] = {
    {"nx-mute6.test", OUTCOME_DNS_ERROR},      {"nx-mute4.test", OUTCOME_DNS_ERROR},
    {"empty-mute6.test", OUTCOME_DNS_ERROR},   {"silent.test", OUTCOME_DNS_TIMEOUT},
    {"mute4-mute6.test", OUTCOME_DNS_TIMEOUT},
};

START_TEST(failure_waits_for_both_families)
{
    uint64_t start = loop_clock();
    struct ask ask;

    resolver_at(RESOLVE_DNS, 300);
    ask = asked(silent_failures[_i].host);
    ck_assert_int_eq(ask.outcome, silent_failures[_i].outcome);
    /* It takes both families to say that the name does not exist. */
    ck_assert(!ask.no_such_name);
    ck_assert_uint_ge(loop_clock() - start, 290 * 1000000ull);
    ck_assert_uint_lt(loop_clock() - start, 1500 * 1000000ull);
    ask = asked(silent_failures[_i].host);
    ck_assert(!ask.cached);
}
END_TEST

/* The first name of this host's hosts file that is looked up at all. */
static bool hosts_name(char name[64])
{
    FILE *f = fopen("/etc/hosts", "re");
    char line[512], address[64];
    bool found = false;

    while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL)
        found = sscanf(line, " %63[0-9a-fA-F.:] %63[^ #\t\n]", address, name) == 2 &&
                strstr(name, "localhost") == NULL;
    if (f != NULL)
        fclose(f);
    return found;
}

/* A family that the file does not have is not looked for in DNS. */
START_TEST(hosts_file_causes_no_packet)
{
    char name[64];
    struct ask ask;

    if (!hosts_name(name))
        return;
    ask = asked(name);
    ck_assert_int_eq(ask.outcome, OUTCOME_OK);
    ck_assert_uint_eq(servers[0].asked, 0);
    for (size_t i = 1; i < ask.count; i++)
        for (size_t k = 0; k < i; k++)
            ck_assert(!netaddr_equal(&ask.addresses[i], &ask.addresses[k]));
}
END_TEST

START_TEST(failures_of_servers_are_not_cached)
{
    struct ask ask;
    size_t before;

    asked("refused.test");
    before = servers[0].asked;
    ck_assert_uint_gt(before, 0);
    ask = asked("refused.test");
    ck_assert(!ask.cached);
    ck_assert_uint_gt(servers[0].asked, before);
}
END_TEST

START_TEST(short_ttl_expires)
{
    struct ask ask;
    size_t before;

    asked("short.test");
    before = servers[0].asked;
    ask = asked("SHORT.test");
    ck_assert(ask.cached);
    ck_assert_uint_eq(ask.count, 2);
    ck_assert_uint_eq(servers[0].asked, before);
    pass_ms(1050);
    ask = asked("short.test");
    ck_assert(!ask.cached);
    ck_assert_uint_gt(servers[0].asked, before);
}
END_TEST

START_TEST(negative_answers_are_cached)
{
    struct ask ask;
    size_t before;

    asked("nx.test");
    before = servers[0].asked;
    ask = asked("nx.test");
    ck_assert(ask.cached);
    ck_assert(ask.no_such_name);
    ck_assert_uint_eq(servers[0].asked, before);
}
END_TEST

/* ---- many ---- */

#define MANY   500
#define FLIGHT 100

static struct ask many[MANY];

static void many_start(const char *prefix, int count)
{
    char name[32];

    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "%s%d.test", prefix, i);
        ask_start(&many[i], span_of(name));
    }
}

START_TEST(many_names_wait_in_line)
{
    many_start("held", MANY);
    loop_run(loop);
    for (int i = 0; i < MANY; i++) {
        ck_assert(many[i].done);
        ck_assert_int_eq(many[i].outcome, OUTCOME_OK);
        ck_assert_uint_eq(many[i].count, 2);
    }
    /* An A and an AAAA question each. */
    ck_assert_uint_le(servers[0].held_most, 2 * FLIGHT);
    ck_assert_uint_gt(servers[0].held_most, FLIGHT);
    ck_assert_uint_eq(servers[0].asked, 2 * MANY);
}
END_TEST

START_TEST(one_name_is_asked_once)
{
    struct ask late;

    for (int i = 0; i < MANY; i++)
        ask_start(&many[i], i % 2 ? SPAN("held.test") : SPAN("HELD.test"));
    loop_run(loop);
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(many[i].outcome, OUTCOME_OK);
    ck_assert_uint_eq(servers[0].asked, 2);
    late = asked("held.test");
    ck_assert(late.cached);
}
END_TEST

START_TEST(line_keeps_its_deadlines_and_moves_on)
{
    struct ask after;
    uint64_t start;

    resolver_at(RESOLVE_DNS, 400);
    many_start("silent", 2 * FLIGHT);
    loop_run(loop);
    for (int i = 0; i < 2 * FLIGHT; i++)
        ck_assert_int_eq(many[i].outcome, OUTCOME_DNS_TIMEOUT);
    /* What c-ares still works on stands in nobody's way. */
    start = loop_clock();
    after = asked("good.test");
    ck_assert_int_eq(after.outcome, OUTCOME_OK);
    ck_assert_uint_lt(loop_clock() - start, 300 * 1000000ull);
}
END_TEST

START_TEST(cancelled_lookups_make_room)
{
    struct ask after;
    size_t before;

    many_start("silent", 2 * FLIGHT);
    for (int i = 2 * FLIGHT - 1; i >= 0; i--) {
        resolve_cancel(many[i].query);
        pending--;
    }
    after = asked("good.test");
    ck_assert_int_eq(after.outcome, OUTCOME_OK);
    /* c-ares does not go on repeating what nobody waits for: every 833 ms, it would. */
    before = servers[0].asked;
    pass_ms(1000);
    ck_assert_uint_eq(servers[0].asked, before);
    for (int i = 0; i < 2 * FLIGHT; i++)
        ck_assert(!many[i].done);
}
END_TEST

/* ---- cancelling ---- */

/* What is asked, and how long the loop runs before it is cancelled. */
static const struct {
    const char *host;
    int ms;
} cancelled[] = {
    {"good.test", 0},      {"held.test", 5}, {"silent.test", 5}, {"mute6.test", 20},
    {"nx-mute4.test", 20}, {"127.0.0.1", 0}, {"localhost", 0},   {"bad..name", 0},
};

START_TEST(cancelled_is_never_called)
{
    struct ask ask;

    ask_start(&ask, span_of(cancelled[_i].host));
    if (cancelled[_i].ms > 0)
        pass_ms((uint64_t)cancelled[_i].ms);
    ck_assert(!ask.done);
    resolve_cancel(ask.query);
    pass_ms(60);
    ck_assert(!ask.done);
    resolve_cancel(NULL);
}
END_TEST

START_TEST(cancelled_from_the_cache)
{
    struct ask ask = asked("good.test");

    ask_start(&ask, SPAN("good.test"));
    resolve_cancel(ask.query);
    pass_ms(20);
    ck_assert(!ask.done);
}
END_TEST

/* Askers of one lookup, and of two, cancel one another. */
START_TEST(cancel_in_callback)
{
    struct ask first, second, third;

    ask_start(&first, SPAN("good.test"));
    ask_start(&second, SPAN("good.test"));
    ask_start(&third, SPAN("silent.test"));
    first.cancel = &second;
    pass_ms(100);
    ck_assert(first.done);
    ck_assert(!second.done);
    resolve_cancel(third.query);
    pending = 0;
    ask_start(&first, SPAN("127.0.0.1"));
    ask_start(&third, SPAN("silent.test"));
    first.cancel = &third;
    loop_run(loop);
    ck_assert(first.done);
    ck_assert(!third.done);
}
END_TEST

START_TEST(cancel_leaves_the_other_askers)
{
    struct ask first, second;

    ask_start(&first, SPAN("held.test"));
    ask_start(&second, SPAN("held.test"));
    resolve_cancel(first.query);
    pending--;
    loop_run(loop);
    ck_assert(!first.done);
    ck_assert_int_eq(second.outcome, OUTCOME_OK);
}
END_TEST

static void free_in_callback(void *ctx, const struct resolve_answer *answer)
{
    (void)ctx;
    ck_assert_int_eq(answer->outcome, OUTCOME_OK);
    resolver_free(resolver);
    resolver = NULL;
    loop_stop(loop);
}

START_TEST(resolver_may_be_freed_in_callback)
{
    ck_assert_ptr_nonnull(
        resolve_start(resolver, SPAN("good.test"), 1, free_in_callback, NULL));
    loop_run(loop);
    ck_assert_ptr_null(resolver);
}
END_TEST

static void add_answers(TCase *tc)
{
    tcase_add_test(tc, both_families);
    tcase_add_test(tc, one_family);
    tcase_add_test(tc, more_addresses_than_taken);
    tcase_add_loop_test(tc, failures_are_told_apart, 0, COUNT(failures));
    tcase_add_loop_test(tc, bad_names_cause_no_packet, 0, COUNT(bad_names));
    tcase_add_test(tc, length_limit_of_names);
    tcase_add_loop_test(tc, literals_and_localhost_cause_no_packet, 0,
                        COUNT(without_lookup));
    tcase_add_test(tc, silence_ends_at_the_deadline);
    tcase_add_loop_test(tc, one_family_does_not_wait_for_silence, 0,
                        COUNT(half_silent));
    tcase_add_test(tc, second_family_in_time_is_taken);
    tcase_add_test(tc, deadline_takes_what_is_there);
    tcase_add_loop_test(tc, failure_waits_for_both_families, 0, COUNT(silent_failures));
    tcase_add_test(tc, hosts_file_causes_no_packet);
    tcase_add_test(tc, failures_of_servers_are_not_cached);
    tcase_add_test(tc, short_ttl_expires);
    tcase_add_test(tc, negative_answers_are_cached);
}

int main(void)
{
    Suite *suite = suite_create("resolve");
    TCase *tc = tcase_create("resolve");

    tcase_set_timeout(tc, 20);
    tcase_add_checked_fixture(tc, setup, teardown);
    add_answers(tc);
    tcase_add_test(tc, many_names_wait_in_line);
    tcase_add_test(tc, one_name_is_asked_once);
    tcase_add_test(tc, line_keeps_its_deadlines_and_moves_on);
    tcase_add_test(tc, cancelled_lookups_make_room);
    tcase_add_loop_test(tc, cancelled_is_never_called, 0, COUNT(cancelled));
    tcase_add_test(tc, cancelled_from_the_cache);
    tcase_add_test(tc, cancel_in_callback);
    tcase_add_test(tc, cancel_leaves_the_other_askers);
    tcase_add_test(tc, resolver_may_be_freed_in_callback);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
