/*
 * ca_list: `ccgate ca list` and `ccgate ca status`: what is held, and how it stands.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ca/ca_hosts.h"
#include "certs/paths.h"

/* ---- list ---- */

static json_t *entry_json(const struct ca *ca, const struct bundle_entry *entry)
{
    json_t *json = cert_json(entry->cert, ca->now);

    json_object_set_new(json, "place", json_string(ca_place(ca, entry)));
    json_object_set_new(json, "file", json_string(entry->file));
    json_object_set_new(json, "number", json_integer((json_int_t)entry->number));
    return json;
}

static json_t *entries_json(const struct ca *ca, const struct bundle *held)
{
    json_t *list = json_array();

    for (size_t i = 0; i < held->count; i++)
        json_array_append_new(list, entry_json(ca, &held->entries[i]));
    return list;
}

static void print_entry(const struct ca *ca, const struct bundle_entry *entry)
{
    struct buf text;

    printf("%s\n", entry->cert->name);
    buf_init(&text, 16384);
    (void)cert_text(entry->cert, ca->now, &text);
    ca_print(&text);
    buf_clear(&text);
    printf("  %-11s %s\n", ca_place(ca, entry), entry->file);
}

int ca_list(const struct ca *ca)
{
    struct bundle held;
    int status = EXIT_SUCCESS;

    ca_read_held(ca, &held);
    if (ca->json) {
        status = ca_print_json(json_pack("{s:o, s:o}", "certificates",
                                         entries_json(ca, &held), "problems",
                                         bundle_problems_json(&held)),
                               status);
    } else {
        ca_say_problems(&held, false);
        for (size_t i = 0; i < held.count; i++)
            print_entry(ca, &held.entries[i]);
        if (held.count == 0)
            puts("no certificate of the company is held");
    }
    bundle_clear(&held);
    return status;
}

/* ---- status ---- */

struct view {
    const struct ca *ca;
    struct ca_composed composed;
    enum ca_state files[CA_FILES];
    struct ca_hosts hosts;
    bool good;
};

static const char *state_name(const struct view *v, int file)
{
    static const char *const NAMES[] = {
        [CA_MISSING] = "missing",
        [CA_CURRENT] = "current",
        [CA_OUTDATED] = "outdated",
    };

    return v->composed.text[file].len == 0 && v->files[file] == CA_CURRENT
               ? "none"
               : NAMES[v->files[file]];
}

/* Nothing was ever built, and there is nothing to build. */
static bool is_unused(const struct view *v)
{
    return v->composed.corporate.count == 0 && v->files[CA_BUNDLE] == CA_MISSING &&
           v->files[CA_CORP_ONLY] == CA_CURRENT;
}

static void look(struct view *v)
{
    const struct bundle *corporate = &v->composed.corporate;

    v->good = bundle_worst(corporate) < BUNDLE_ERROR;
    for (size_t i = 0; i < corporate->count; i++)
        if (cert_expiry(corporate->entries[i].cert, v->ca->now) != CERT_FINE)
            v->good = false;
    for (int i = 0; i < CA_FILES; i++)
        v->files[i] = ca_state(v->ca, i, buf_span(&v->composed.text[i]));
    for (int i = 0; i < CA_FILES && !is_unused(v); i++)
        if (v->files[i] != CA_CURRENT)
            v->good = false;
    for (size_t i = 0; i < v->hosts.wire.count; i++)
        if (!ca_standing_is_good(ca_hosts_standing(&v->hosts, i, corporate->count > 0)))
            v->good = false;
}

static json_t *hosts_json(const struct view *v)
{
    bool held = v->composed.corporate.count > 0;
    json_t *list = json_array();

    for (size_t i = 0; i < v->hosts.wire.count; i++) {
        json_t *host = ca_host_json(v->ca, &v->hosts, i);

        json_object_set_new(
            host, "standing",
            json_string(ca_standing_name(ca_hosts_standing(&v->hosts, i, held))));
        json_array_append_new(list, host);
    }
    return list;
}

static void print_hosts(const struct view *v)
{
    for (size_t i = 0; i < v->hosts.wire.count; i++) {
        struct buf text;

        buf_init(&text, CA_LINE_LIMIT);
        (void)ca_hosts_say(&v->hosts, i, v->composed.corporate.count > 0, &text);
        printf("%.*s\n", SPAN_ARG(buf_span(&text)));
        buf_clear(&text);
    }
}

static json_t *status_json(const struct view *v)
{
    json_t *files = json_array();

    for (int i = 0; i < CA_FILES; i++)
        json_array_append_new(
            files, json_pack("{s:s+++, s:s}", "path", v->ca->places.state_dir, "/",
                             ca_file_name(i), "", "state", state_name(v, i)));
    return json_pack("{s:b, s:o, s:o, s:I, s:o, s:o}", "good", v->good, "certificates",
                     entries_json(v->ca, &v->composed.corporate), "files", files,
                     "roots", (json_int_t)v->composed.roots.count, "problems",
                     bundle_problems_json(&v->composed.corporate), "hosts",
                     hosts_json(v));
}

static void print_expiry(const struct cert *cert, int64_t now)
{
    char date[CERT_DATE];

    printf("%s: ", cert->name);
    if (cert_expiry(cert, now) == CERT_NOT_YET)
        printf("does not count before %s\n", cert_date(cert->not_before, date));
    else
        printf("until %s, %lld days left%s\n", cert_date(cert->not_after, date),
               (long long)cert_days_left(cert, now),
               cert_expiry(cert, now) == CERT_FINE
                   ? ""
                   : ": get the one that takes its place and import it, too");
}

static void print_status(const struct view *v)
{
    const struct bundle *corporate = &v->composed.corporate;

    ca_say_problems(corporate, false);
    for (size_t i = 0; i < corporate->count; i++)
        print_expiry(corporate->entries[i].cert, v->ca->now);
    if (corporate->count == 0)
        puts("no certificate of the company is held");
    for (int i = 0; i < CA_FILES; i++)
        printf("%-9s %s/%s%s\n", state_name(v, i), v->ca->places.state_dir,
               ca_file_name(i),
               v->files[i] == CA_CURRENT || is_unused(v) ? ""
                                                         : ": run ccgate ca build");
    print_hosts(v);
}

bool ca_status_asks(const struct ca *ca, size_t count)
{
    char path[PATH_MAX];

    return count > 0 ||
           (certs_path(path, sizeof(path), ca->places.state_dir, CERTS_HOSTS) &&
            access(path, F_OK) == 0);
}

int ca_status(const struct ca *ca, const char *const *hosts, size_t count)
{
    struct view v = {.ca = ca};
    int status = EXIT_FAILURE;

    if (!ca_compose(ca, NULL, &v.composed))
        goto out;
    status = ca_hosts_ask_known(ca, "status", hosts, count, &v.composed.roots,
                                &v.composed.corporate, &v.hosts);
    if (status != 0)
        goto out;
    look(&v);
    status = v.good ? EXIT_SUCCESS : EXIT_FAILURE;
    if (ca->json)
        status = ca_print_json(status_json(&v), status);
    else
        print_status(&v);
out:
    ca_hosts_clear(&v.hosts);
    ca_composed_clear(&v.composed);
    return status;
}
