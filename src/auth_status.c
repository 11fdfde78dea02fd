/*
 * auth_status: the ledger as people and programs read it. See auth_status.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ */
#endif

#include "auth_status.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "auth/guard.h"
#include "auth/keytab.h"
#include "route/route.h"
#include "verbs.h"

enum { HOPS = 64, TIME_TEXT = 32 };

struct view {
    struct config *config;
    struct ledger_book book;
    char trouble[LEDGER_WHY];     /* why nothing can be written; empty: it can */
    const struct hop *hops[HOPS]; /* that the configuration and environment name */
    bool has_key[HOPS];
    unsigned char key[HOPS][LEDGER_KEY]; /* of their logins; slow to compute */
    size_t hop_count;
};

static json_t *text_or_null(const char *text)
{
    return text != NULL && text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *time_text(uint64_t seconds)
{
    time_t when = (time_t)seconds;
    char text[TIME_TEXT];
    struct tm utc;

    if (gmtime_r(&when, &utc) == NULL ||
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        return json_null();
    return json_string(text);
}

/* ---- as JSON, of which the table is made ---- */

static void find_key(struct view *v, size_t i)
{
    const struct config_login *login = v->hops[i]->login;

    for (size_t j = 0; j < i; j++)
        if (v->has_key[j] && guard_same_login(v->hops[j]->login, login)) {
            memcpy(v->key[i], v->key[j], LEDGER_KEY);
            v->has_key[i] = true;
            return;
        }
    v->has_key[i] = login->login_name != NULL && login->password != NULL &&
                    ledger_key(v->book.salt, secret_reveal(login->password),
                               guard_account(login), login->domain, v->key[i]);
}

static bool is_keytab_of(const struct view *v, const struct config_login *login,
                         const struct ledger_login *record)
{
    unsigned char key[LEDGER_KEY];

    return login->keytab != NULL && strcmp(login->keytab, record->keytab) == 0 &&
           keytab_key(v->book.salt, login->keytab, login->principal, key) &&
           memcmp(key, record->key, LEDGER_KEY) == 0;
}

static bool is_record_of(const struct view *v, size_t hop,
                         const struct ledger_login *record)
{
    if (record->keytab[0] != '\0')
        return is_keytab_of(v, v->hops[hop]->login, record);
    return v->has_key[hop] && memcmp(v->key[hop], record->key, LEDGER_KEY) == 0;
}

/* The hops that a login is configured for, as it is now. */
static json_t *hops_of(const struct view *v, const struct ledger_login *record)
{
    json_t *names = json_array();

    for (size_t i = 0; i < v->hop_count; i++)
        if (is_record_of(v, i, record))
            json_array_append_new(names, json_string(v->hops[i]->name));
    return names;
}

static json_t *list_json(const char *list)
{
    struct span rest = span_of(list), word;
    json_t *names = json_array();

    while (span_next(&rest, " ", &word))
        json_array_append_new(names, json_stringn(word.at, word.len));
    return names;
}

static json_t *login_json(const struct view *v, const struct ledger_login *record)
{
    json_t *object = json_object();

    json_object_set_new(object, "user", text_or_null(record->user));
    json_object_set_new(object, "domain", text_or_null(record->domain));
    json_object_set_new(object, "keytab", text_or_null(record->keytab));
    json_object_set_new(object, "state", json_string(ledger_state_name(record->state)));
    json_object_set_new(object, "since", time_text(record->time));
    json_object_set_new(object, "why", text_or_null(record->why));
    json_object_set_new(object, "failed_at", text_or_null(record->at));
    json_object_set_new(object, "accepted_at", text_or_null(record->hop));
    json_object_set_new(object, "accepted_for", text_or_null(record->target));
    json_object_set_new(object, "rejected_at", list_json(record->bad_hops));
    json_object_set_new(object, "configured_for", hops_of(v, record));
    return object;
}

/* Configured logins that were never tried have no record. */
static bool has_record(const struct view *v, size_t hop)
{
    for (size_t i = 0; i < v->book.login_count; i++)
        if (is_record_of(v, hop, &v->book.logins[i]))
            return true;
    return false;
}

static json_t *untried_json(const struct hop *hop)
{
    json_t *names = json_array();
    json_t *object = json_object();

    json_array_append_new(names, json_string(hop->name));
    json_object_set_new(object, "user", text_or_null(hop->login->login_name));
    json_object_set_new(object, "state", json_string("untried"));
    json_object_set_new(object, "configured_for", names);
    return object;
}

static json_t *report_json(const struct view *v)
{
    json_t *logins = json_array(), *strong = json_array();
    json_t *report = json_object();

    for (size_t i = 0; i < v->book.login_count; i++)
        json_array_append_new(logins, login_json(v, &v->book.logins[i]));
    for (size_t i = 0; i < v->hop_count; i++)
        if (v->hops[i]->login->login_name != NULL && !has_record(v, i))
            json_array_append_new(logins, untried_json(v->hops[i]));
    for (size_t i = 0; i < v->book.hop_count; i++)
        json_array_append_new(strong, json_string(v->book.hops[i].name));
    json_object_set_new(report, "state_dir", json_string(v->config->state_dir));
    json_object_set_new(report, "trouble", text_or_null(v->trouble));
    json_object_set_new(report, "logins", logins);
    json_object_set_new(report, "stronger_than_basic", strong);
    return report;
}

/* ---- the table ---- */

static const char *get(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

/* By proxies that never accepted what others accept. */
static void print_rejections(const json_t *hops)
{
    for (size_t i = 0; i < json_array_size(hops); i++)
        printf("  %srejected by %s\n", i > 0 ? "and " : "",
               json_string_value(json_array_get(hops, i)));
    if (json_array_size(hops) >= LEDGER_BAD_MOST)
        puts("  it goes to no proxy but those that accepted it, until ccgate auth "
             "rearm");
}

/* What it means, and what to do. */
static void print_meaning(const json_t *login)
{
    const char *state = get(login, "state");

    if (strcmp(state, "closed") == 0)
        printf("  %s at %s; nothing is sent until the %s or ccgate auth rearm\n",
               get(login, "why"), get(login, "failed_at"),
               get(login, "keytab")[0] != '\0'
                   ? "keytab changes"
                   : "password changes (ccgate auth\n  set)");
    else if (strcmp(state, "doubted") == 0)
        printf("  %s refused it after it had been accepted; one more refusal closes\n",
               get(login, "failed_at"));
    if (get(login, "accepted_at")[0] != '\0')
        printf("  last accepted by %s for %s\n", get(login, "accepted_at"),
               get(login, "accepted_for"));
    print_rejections(json_object_get(login, "rejected_at"));
}

static void print_login(const json_t *login)
{
    const json_t *hops = json_object_get(login, "configured_for");
    const char *domain = get(login, "domain"), *since = get(login, "since");

    printf("%s%s%s  %s%s%s\n", get(login, "user"), domain[0] != '\0' ? " of " : "",
           domain, get(login, "state"), since[0] != '\0' ? " since " : "", since);
    for (size_t i = 0; i < json_array_size(hops); i++)
        printf("  %s %s\n", i == 0 ? "for" : "and",
               json_string_value(json_array_get(hops, i)));
    if (json_array_size(hops) == 0)
        printf("  with a %s that is configured for no proxy now\n",
               get(login, "keytab")[0] != '\0' ? "keytab" : "password");
    print_meaning(login);
}

static void print_report(const json_t *report, bool json)
{
    const json_t *logins = json_object_get(report, "logins");
    char *text;

    if (json) {
        text = json_dumps(report, JSON_INDENT(2));
        puts(text != NULL ? text : "{}");
        free(text);
        return;
    }
    for (size_t i = 0; i < json_array_size(logins); i++)
        print_login(json_array_get(logins, i));
    if (json_array_size(logins) == 0)
        puts("no login was tried, and none is configured");
    if (get(report, "trouble")[0] != '\0')
        printf("what becomes of logins is NOT remembered: %s\n",
               get(report, "trouble"));
}

/* ---- the verbs ---- */

static int complain(const char *why)
{
    fprintf(stderr, "ccgate: the state of logins cannot be used: %s\n", why);
    return EXIT_FAILURE;
}

static int show(struct view *v, bool json)
{
    const struct router_options setup = {
        .config = v->config,
        .environment = environ,
        .is_self = verb_is_self,
        .self_ctx = v->config,
    };
    struct router *router = router_new(&setup);
    json_t *report;

    if (router == NULL)
        return complain("memory is out");
    v->hop_count = router_hops(router, v->hops, HOPS);
    for (size_t i = 0; i < v->hop_count; i++)
        find_key(v, i);
    report = report_json(v);
    print_report(report, json);
    json_decref(report);
    router_free(router);
    return v->trouble[0] == '\0' ? EXIT_SUCCESS : EXIT_FAILURE;
}

int auth_status(const struct options *options)
{
    struct view v = {.config = verb_config(options, CONFIG_PASSWORDS_ALL)};
    char why[LEDGER_WHY] = "memory is out";
    struct ledger_stamp stamp;
    struct ledger *ledger;
    int status;

    if (v.config == NULL)
        return 2;
    ledger = ledger_new(v.config->state_dir);
    ledger_book_init(&v.book);
    if (ledger != NULL && ledger_load(ledger, &v.book, &stamp, why)) {
        if (ledger_try(ledger, v.trouble))
            v.trouble[0] = '\0';
        status = show(&v, (options->set & OPTION_JSON) != 0);
    } else
        status = complain(why);
    ledger_book_clear(&v.book);
    ledger_unref(ledger);
    config_unref(v.config);
    return status;
}

int auth_rearm(const struct options *options)
{
    struct config *config = verb_config(options, CONFIG_PASSWORDS_NONE);
    char why[LEDGER_WHY] = "memory is out";
    struct ledger *ledger;
    size_t count = 0;
    bool done;

    if (config == NULL)
        return 2;
    ledger = ledger_new(config->state_dir);
    done = ledger != NULL && ledger_rearm(ledger, options->operand, &count, why);
    ledger_unref(ledger);
    config_unref(config);
    if (!done)
        return complain(why);
    if (count == 0)
        puts("no login was held back");
    else
        printf("%zu login%s may be tried again, once\n", count, count == 1 ? "" : "s");
    return EXIT_SUCCESS;
}
