/*
 * test_metrics: the text is what Prometheus reads.
 */
#include "admin/metrics.h"

#include <ctype.h>

#include "admin_rig.h"

static const struct {
    const char *value, *escaped;
} LABELS[] = {
    {"", ""},           {"http://a:1", "http://a:1"},
    {"a\"b", "a\\\"b"}, {"a\\b", "a\\\\b"},
    {"a\nb", "a\\nb"},  {"\\\"\n", "\\\\\\\"\\n"},
};

START_TEST(labels_are_escaped)
{
    struct buf text;

    buf_init(&text, 1024);
    ck_assert_int_eq(metrics_label(span_of(LABELS[_i].value), &text), 0);
    ck_assert(span_equal(buf_span(&text), span_of(LABELS[_i].escaped)));
    buf_clear(&text);
}
END_TEST

/* "ccgate_name" up to '{' or ' '. */
static struct span name_of(struct span line)
{
    size_t end = 0;

    while (end < line.len &&
           (isalnum((unsigned char)line.at[end]) || line.at[end] == '_'))
        end++;
    return (struct span){line.at, end};
}

static void check_sample(struct span line, struct span announced)
{
    struct span value = line;
    uint64_t number;

    ck_assert(span_equal(name_of(line), announced));
    ck_assert(span_starts(line, SPAN("ccgate_")));
    while (span_find(value, ' ') < value.len)
        value = span_skip(value, span_find(value, ' ') + 1);
    ck_assert(span_to_u64(value, &number));
}

/* Each metric has HELP and TYPE directly before its samples, and is announced once. */
START_TEST(text_is_well_formed)
{
    const char *body;
    struct span rest, line, announced = {"", 0};
    size_t samples = 0;

    ck_assert_int_eq(rig_ask("GET", "/metrics", &body), 200);
    rest = span_of(body);
    ck_assert_int_eq(rest.at[rest.len - 1], '\n');
    while (span_next(&rest, "\n", &line)) {
        if (line.len == 0)
            continue;
        if (span_starts(line, SPAN("# HELP "))) {
            announced = name_of(span_skip(line, 7));
        } else if (span_starts(line, SPAN("# TYPE "))) {
            ck_assert(span_equal(name_of(span_skip(line, 7)), announced));
        } else {
            check_sample(line, announced);
            samples++;
        }
    }
    ck_assert_uint_gt(samples, 40);
}
END_TEST

START_TEST(hops_have_labels)
{
    struct hop hop = {.name = "http://proxy.test:8080"};
    const char *body;

    rig_ask("GET", "/metrics", &body);
    ck_assert_ptr_nonnull(
        strstr(body, "ccgate_hop_up{hop=\"http://proxy.test:8080\"} 1"));
    health_failed(rig.egress->health, &hop, OUTCOME_CONNECT_REFUSED, "refused", 60000);
    rig_ask("GET", "/metrics", &body);
    ck_assert_ptr_nonnull(
        strstr(body, "ccgate_hop_up{hop=\"http://proxy.test:8080\"} 0"));
    ck_assert_ptr_nonnull(
        strstr(body, "ccgate_hop_errors_total{hop=\"http://proxy.test:8080\"} 1"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metrics");
    TCase *labels = tcase_create("labels");
    TCase *text = tcase_create("text");

    tcase_add_loop_test(labels, labels_are_escaped, 0,
                        (int)(sizeof(LABELS) / sizeof(LABELS[0])));
    tcase_add_checked_fixture(text, rig_setup, rig_teardown);
    tcase_add_test(text, text_is_well_formed);
    tcase_add_test(text, hops_have_labels);
    suite_add_tcase(suite, labels);
    suite_add_tcase(suite, text);
    return suite_run(suite);
}
