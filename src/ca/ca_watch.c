/*
 * ca_watch: `ccgate ca watch`: says in the log what is to be done about certificates of
 * the company before programs fail, and does nothing about it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "ca/ca_hosts.h"

/* What was said, to be said once only while it lasts. */
struct said {
    char **lines;
    size_t count;
};

struct watch_round {
    struct ca ca; /* with a time of its own */
    const struct said *before;
    struct said now;
    bool no_memory;
};

static void said_clear(struct said *said)
{
    for (size_t i = 0; i < said->count; i++)
        free(said->lines[i]);
    free(said->lines);
    *said = (struct said){.lines = NULL};
}

static bool said_has(const struct said *said, const char *line)
{
    for (size_t i = 0; i < said->count; i++)
        if (strcmp(said->lines[i], line) == 0)
            return true;
    return false;
}

/* key tells it from others. Whether it is new. */
static bool note(struct watch_round *round, const char *key)
{
    char **lines =
        realloc(round->now.lines, (round->now.count + 1) * sizeof(*round->now.lines));
    char *copy = strdup(key);

    if (lines != NULL)
        round->now.lines = lines;
    if (lines == NULL || copy == NULL) {
        free(copy);
        round->no_memory = true;
        return true;
    }
    lines[round->now.count++] = copy;
    return !said_has(round->before, key);
}

/* ---- what there is to say ---- */

static enum log_level level_of(enum cert_expiry expiry)
{
    return expiry == CERT_60_DAYS   ? LOG_LEVEL_INFO
           : expiry == CERT_30_DAYS ? LOG_LEVEL_WARN
                                    : LOG_LEVEL_ERROR;
}

static void watch_expiry(struct watch_round *round, const struct cert *cert)
{
    enum cert_expiry expiry = cert_expiry(cert, round->ca.now);
    char key[CERT_FINGERPRINT + 32], date[CERT_DATE];

    if (expiry == CERT_FINE)
        return;
    snprintf(key, sizeof(key), "%s %s", cert->fingerprint, cert_expiry_name(expiry));
    if (!note(round, key))
        return;
    LOG_AT(level_of(expiry), "ca_expires", LOG_TEXT("subject", cert->subject),
           LOG_TEXT("sha256", cert->fingerprint),
           LOG_TEXT("not_after", cert_date(cert->not_after, date)),
           LOG_INT("days_left", cert_days_left(cert, round->ca.now)),
           LOG_TEXT("next", "get the one that takes its place and import it, too"));
}

static void watch_problem(struct watch_round *round,
                          const struct bundle_problem *problem)
{
    if (problem->weight == BUNDLE_ERROR && note(round, problem->text))
        LOG_ERROR("ca_unusable", LOG_TEXT("problem", problem->text));
}

static const char *event_of(enum ca_standing standing)
{
    static const char *const EVENTS[] = {
        [CA_UNREACHED] = "ca_host_unreached", [CA_PUBLIC] = "ca_host_ok",
        [CA_TRUSTED] = "ca_host_ok",          [CA_ROTATED] = "ca_rotated",
        [CA_UNKNOWN] = "ca_unknown",          [CA_FAULTY] = "ca_host_faulty",
    };

    return EVENTS[standing];
}

static void watch_host(struct watch_round *round, const struct ca_hosts *hosts,
                       size_t host, bool something_held)
{
    enum ca_standing standing = ca_hosts_standing(hosts, host, something_held);
    struct buf text;

    if (ca_standing_is_good(standing))
        return;
    buf_init(&text, CA_LINE_LIMIT);
    if (ca_hosts_say(hosts, host, something_held, &text) != 0 ||
        buf_append(&text, "", 1) != 0)
        round->no_memory = true;
    else if (note(round, buf_span(&text).at))
        LOG_AT(standing == CA_UNREACHED ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR,
               event_of(standing), LOG_TEXT("host", hosts->wire.hosts[host].name),
               LOG_TEXT("what", buf_span(&text).at));
    buf_clear(&text);
}

/* ---- a round ---- */

static void watch_all(struct watch_round *round, const struct bundle *held,
                      const struct ca_hosts *hosts)
{
    for (size_t i = 0; i < held->count; i++)
        watch_expiry(round, held->entries[i].cert);
    for (size_t i = 0; i < held->problem_count; i++)
        watch_problem(round, &held->problems[i]);
    for (size_t i = 0; i < hosts->wire.count; i++)
        watch_host(round, hosts, i, held->count > 0);
    log_flush();
}

/* What the exit status is; before becomes what was said now. */
static int watch_once(const struct ca *ca, const char *const *words, size_t count,
                      struct said *before)
{
    struct watch_round round = {.ca = *ca, .before = before};
    struct ca_hosts hosts = {.chains = NULL};
    struct bundle held, roots;
    int status = EXIT_FAILURE;

    ca_read_held(&round.ca, &held);
    if (ca_read_roots(&round.ca, &roots))
        status =
            ca_hosts_ask_known(&round.ca, "watch", words, count, &roots, &held, &hosts);
    if (status == 0) {
        watch_all(&round, &held, &hosts);
        status = round.now.count > 0 || round.no_memory ? EXIT_FAILURE : EXIT_SUCCESS;
        said_clear(before);
        *before = round.now;
    }
    ca_hosts_clear(&hosts);
    bundle_clear(&held);
    bundle_clear(&roots);
    return status;
}

static void rest(uint64_t ms)
{
    struct timespec left = {.tv_sec = (time_t)(ms / 1000),
                            .tv_nsec = (long)(ms % 1000) * 1000000};

    (void)nanosleep(&left, NULL);
}

int ca_watch(const struct ca *ca, const char *const *hosts, size_t count,
             uint64_t interval_ms)
{
    struct said before = {.lines = NULL};
    struct ca now = *ca;
    int status = watch_once(&now, hosts, count, &before);

    while (interval_ms > 0 && status != 2) {
        rest(interval_ms);
        now.now = (int64_t)time(NULL);
        status = watch_once(&now, hosts, count, &before);
    }
    said_clear(&before);
    return status;
}
