/*
 * ca_hosts: see ca_hosts.h.
 */
#include "ca/ca_hosts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "certs/paths.h"

enum { LIST_LIMIT = 64 * 1024, KNOWN_LIMIT = 100 };

/* ---- asking ---- */

bool ca_hosts_explain(const struct ca *ca, struct ca_hosts *hosts, size_t host,
                      const struct bundle *roots, const struct bundle *held,
                      const char *other_host)
{
    const struct wire_host *wire = &hosts->wire.hosts[host];
    const struct chain_options options = {.shown = &wire->shown,
                                          .roots = roots,
                                          .corporate = held,
                                          .host = wire->host,
                                          .now = ca->now,
                                          .http1_only = wire->http1_only,
                                          .other_host = other_host};

    if (wire->shown.count == 0)
        return true;
    chain_free(hosts->chains[host]);
    hosts->chains[host] = chain_new(&options);
    return hosts->chains[host] != NULL;
}

static int say_no_memory(void)
{
    fputs("ccgate: memory is out\n", stderr);
    return EXIT_FAILURE;
}

int ca_hosts_ask(const struct ca *ca, const char *verb, const char *const *words,
                 size_t count, const struct bundle *roots, const struct bundle *held,
                 struct ca_hosts *hosts)
{
    struct wire *wire = &hosts->wire;
    const char *fault;
    size_t wrong = 0;

    hosts->chains = NULL;
    fault = wire_init(wire, ca->way, words, count, &wrong);
    if (fault != NULL) {
        fprintf(stderr, "ccgate: ca %s: %s: the host %s\n", verb, words[wrong], fault);
        return 2;
    }
    hosts->chains = calloc(wire->count + 1, sizeof(struct chain *));
    if (hosts->chains == NULL)
        return say_no_memory();
    if (wire->count > 0)
        wire_ask(wire, ca->way, ca->now);
    for (size_t i = 0; i < wire->count; i++)
        if (!ca_hosts_explain(ca, hosts, i, roots, held, NULL))
            wire->no_memory = true;
    return wire->no_memory ? say_no_memory() : 0;
}

void ca_hosts_clear(struct ca_hosts *hosts)
{
    for (size_t i = 0; hosts->chains != NULL && i < hosts->wire.count; i++)
        chain_free(hosts->chains[i]);
    free(hosts->chains);
    wire_clear(&hosts->wire);
    hosts->chains = NULL;
}

/* ---- those that are known ---- */

bool ca_hosts_remember(const struct ca *ca, const struct ca_hosts *hosts,
                       const bool *which)
{
    char path[PATH_MAX];
    struct buf text;
    int error = 0;

    buf_init(&text, LIST_LIMIT);
    for (size_t i = 0; i < hosts->wire.count && error == 0; i++)
        if (which[i])
            error = buf_printf(&text, "%s\n", hosts->wire.hosts[i].name);
    if (!certs_path(path, sizeof(path), ca->places.state_dir, CERTS_HOSTS))
        error = -ENAMETOOLONG;
    if (error == 0)
        error = file_replace(path, buf_span(&text), 0644);
    buf_clear(&text);
    if (error != 0)
        fprintf(stderr, "ccgate: ca: %s/%s: %s\n", ca->places.state_dir, CERTS_HOSTS,
                strerror(-error));
    return error == 0;
}

/* Nothing where there is no such file yet. */
static bool read_known(const struct ca *ca, struct buf *text)
{
    char path[PATH_MAX];
    struct stat st;
    const char *fault;
    int fd, error = 0;

    if (!certs_path(path, sizeof(path), ca->places.state_dir, CERTS_HOSTS) ||
        access(path, F_OK) != 0)
        return true;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    fault = file_fault(fd, &st);
    if (fault == NULL) {
        error = file_read(fd, text);
        fault = error != 0 ? strerror(-error) : NULL;
    }
    if (fd >= 0)
        (void)close(fd);
    if (fault != NULL)
        fprintf(stderr, "ccgate: ca: %s: %s\n", path, fault);
    return fault == NULL;
}

int ca_hosts_ask_known(const struct ca *ca, const char *verb, const char *const *words,
                       size_t count, const struct bundle *roots,
                       const struct bundle *held, struct ca_hosts *hosts)
{
    char *known[KNOWN_LIMIT] = {NULL};
    struct span rest, line;
    struct buf text;
    size_t n = 0;
    int status = EXIT_FAILURE;

    if (count > 0)
        return ca_hosts_ask(ca, verb, words, count, roots, held, hosts);
    *hosts = (struct ca_hosts){.chains = NULL};
    if (ca->way == NULL)
        return 0;
    buf_init(&text, LIST_LIMIT);
    if (!read_known(ca, &text))
        goto out;
    rest = buf_span(&text);
    while (n < KNOWN_LIMIT && span_next(&rest, "\n", &line))
        if (line.len > 0 && (known[n] = span_dup(line)) != NULL)
            n++;
    status = ca_hosts_ask(ca, verb, (const char *const *)known, n, roots, held, hosts);
out:
    for (size_t i = 0; i < n; i++)
        free(known[i]);
    buf_clear(&text);
    return status;
}

/* ---- how they stand ---- */

static const struct chain_step *top_of(const struct chain *chain)
{
    return &chain->steps[chain->step_count - 1];
}

static bool has_step_in(const struct chain *chain, enum chain_place place)
{
    for (size_t i = 0; i < chain->step_count; i++)
        if (chain->steps[i].place == place)
            return true;
    return false;
}

enum ca_standing ca_hosts_standing(const struct ca_hosts *hosts, size_t host,
                                   bool something_held)
{
    const struct chain *chain = hosts->chains[host];
    bool good;

    if (chain == NULL)
        return CA_UNREACHED;
    good = chain->verdicts[CHAIN_DEFAULT].code == X509_V_OK;
    if (chain_is_public(chain))
        return good ? CA_PUBLIC : CA_FAULTY;
    if (has_step_in(chain, CHAIN_HELD))
        return good ? CA_TRUSTED : CA_FAULTY;
    /* That the system trusts it is no help to programs that only add what is held. */
    if (good)
        return something_held ? CA_ROTATED : CA_TRUSTED;
    if (has_step_in(chain, CHAIN_SYSTEM))
        return CA_FAULTY;
    return something_held ? CA_ROTATED : CA_UNKNOWN;
}

bool ca_standing_is_good(enum ca_standing standing)
{
    return standing == CA_PUBLIC || standing == CA_TRUSTED;
}

const char *ca_standing_name(enum ca_standing standing)
{
    static const char *const NAMES[] = {
        [CA_UNREACHED] = "unreached", [CA_PUBLIC] = "public",
        [CA_TRUSTED] = "trusted",     [CA_ROTATED] = "rotated",
        [CA_UNKNOWN] = "unknown",     [CA_FAULTY] = "faulty",
    };

    return NAMES[standing];
}

int ca_hosts_failure(const struct wire_host *host, struct buf *out)
{
    int error =
        buf_printf(out, "%s: %s", host->name,
                   outcome_reason(host->outcome, host->direct || host->reached));

    if (error == 0 && host->detail != NULL)
        error = buf_printf(out, ": %s", host->detail);
    return error;
}

/* What the chain ends in, or what is missing there. */
static int say_end(const struct chain *chain, struct buf *out)
{
    const struct cert *top = top_of(chain)->cert;

    if (!chain->complete)
        return buf_printf(out, "its chain leads to %s, which is missing",
                          chain->missing);
    return buf_printf(out, "its chain ends in %s (SHA-256 %s)", top->subject,
                      top->fingerprint);
}

int ca_hosts_say(const struct ca_hosts *hosts, size_t host, bool something_held,
                 struct buf *out)
{
    const struct wire_host *wire = &hosts->wire.hosts[host];
    const struct chain *chain = hosts->chains[host];
    enum ca_standing standing = ca_hosts_standing(hosts, host, something_held);
    int error;

    if (standing == CA_UNREACHED)
        return ca_hosts_failure(wire, out);
    error = buf_printf(out, "%s: ", wire->name);
    if (error == 0 && standing == CA_FAULTY)
        return buf_printf(out, "%s; %s", chain->fault, chain->next);
    if (error == 0)
        error = say_end(chain, out);
    if (error != 0)
        return error;
    if (standing == CA_PUBLIC)
        return buf_append_text(out, ", a public root: it is not inspected");
    if (standing == CA_TRUSTED)
        return buf_append_text(out, has_step_in(chain, CHAIN_HELD)
                                        ? ", by what is held"
                                        : ", which the system trusts");
    if (standing == CA_ROTATED)
        return buf_append_text(
            out, ", and in nothing that is held: the CA was replaced, or somebody else "
                 "inspects; compare its fingerprint with what those who run the proxy "
                 "say, then: ccgate ca fetch; keep the old one until no host shows it");
    return buf_append_text(out, ", which nothing trusts: see ccgate ca fetch");
}

json_t *ca_host_json(const struct ca *ca, const struct ca_hosts *hosts, size_t host)
{
    const struct wire_host *wire = &hosts->wire.hosts[host];
    const struct chain *chain = hosts->chains[host];

    return json_pack("{s:s, s:i, s:s?, s:s, s:s?, s:o}", "host", wire->host, "port",
                     (int)wire->port, "way", wire->way, "outcome",
                     outcome_info(wire->outcome)->name, "detail", wire->detail, "chain",
                     chain != NULL ? chain_json(chain, ca->now) : json_null());
}
