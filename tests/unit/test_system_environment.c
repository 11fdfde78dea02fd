/*
 * test_system_environment: what ccgate-system is given of our environment.
 */
#include <string.h>

#include "route/system_environment.h"
#include "suite.h"

static const char *const given[] = {
    "PATH=/bin",
    "CCGATE_PASSWORD=secret",
    "SSL_CERT_FILE=/etc/ca.pem",
    "SSL_CERT_FILE_OLD=x",
    "XDG_CURRENT_DESKTOP=GNOME",
    "https_proxy=http://alice:secret@proxy:3128/",
    "HTTPS_PROXY=alice:se/cret@proxy:3128",
    "http_proxy=http://corp%5Calice:se@cret@[::1]:3128",
    "HTTP_PROXY=http://proxy:3128",
    "all_proxy=pac+http://alice:secret@pac/p.pac",
    "ALL_PROXY=pac+http://pac/p.pac?to=a@b",
    "no_proxy=a@b,c",
    "broken",
    "TOKEN=secret",
    "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/bus",
    NULL,
};

static const char *const fetch[] = {"PATH=/bin", "SSL_CERT_FILE=/etc/ca.pem", NULL};

static const char *const settings[] = {
    "PATH=/bin",
    "SSL_CERT_FILE=/etc/ca.pem",
    "XDG_CURRENT_DESKTOP=GNOME",
    "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/bus",
    NULL,
};

static void ck_same(char **got, const char *const *want)
{
    size_t i = 0;

    ck_assert_ptr_nonnull(got);
    for (; want[i] != NULL; i++) {
        ck_assert_ptr_nonnull(got[i]);
        ck_assert_str_eq(got[i], want[i]);
    }
    ck_assert_ptr_null(got[i]);
    free(got);
}

START_TEST(test_parts)
{
    char *const *variables = (char *const *)(uintptr_t)given;

    ck_same(system_environment(variables, false), fetch);
    ck_same(system_environment(variables, true), settings);
    ck_same(system_environment(NULL, true), fetch + 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("system_environment");
    TCase *tcase = tcase_create("environment");

    tcase_add_test(tcase, test_parts);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
