/*
 * ca_hosts: what hosts show, and how that stands to what is held. Private to ca/.
 */
#ifndef CCGATE_CA_CA_HOSTS_H
#define CCGATE_CA_CA_HOSTS_H

#include "ca/ca_internal.h"

/* Room for one line about a host. */
enum { CA_LINE_LIMIT = 16384 };

/* How a host stands to what is held. */
enum ca_standing {
    CA_UNREACHED, /* it showed nothing */
    CA_PUBLIC,    /* a chain that public programs trust */
    CA_TRUSTED,   /* one that ends in what is held or, if nothing is, in the system's */
    CA_ROTATED,   /* one that does not, though something is held */
    CA_UNKNOWN,   /* one that does not, and nothing is held */
    CA_FAULTY,    /* something else is wrong with it */
};

struct ca_hosts {
    struct wire wire;
    struct chain **chains; /* for each host; NULL: it showed nothing */
};

/*
 * Asks the hosts. 0 or, after a message, the exit status. ca_hosts_clear() is due in
 * both cases; the bundles must outlive it.
 */
int ca_hosts_ask(const struct ca *ca, const char *verb, const char *const *words,
                 size_t count, const struct bundle *roots, const struct bundle *held,
                 struct ca_hosts *hosts);
/* The same, or, without words, for those of the last fetch. */
int ca_hosts_ask_known(const struct ca *ca, const char *verb, const char *const *words,
                       size_t count, const struct bundle *roots,
                       const struct bundle *held, struct ca_hosts *hosts);
void ca_hosts_clear(struct ca_hosts *hosts);

/* Explains a host's chain anew; other_host as in chain.h. False: no memory. */
bool ca_hosts_explain(const struct ca *ca, struct ca_hosts *hosts, size_t host,
                      const struct bundle *roots, const struct bundle *held,
                      const char *other_host);

/* Keeps the hosts of these places for the next time. False after a message. */
bool ca_hosts_remember(const struct ca *ca, const struct ca_hosts *hosts,
                       const bool *which);

enum ca_standing ca_hosts_standing(const struct ca_hosts *hosts, size_t host,
                                   bool something_held);
bool ca_standing_is_good(enum ca_standing standing);
const char *ca_standing_name(enum ca_standing standing);

/* Appends one line about it, without its newline: what, and what to do. */
int ca_hosts_say(const struct ca_hosts *hosts, size_t host, bool something_held,
                 struct buf *out);
/* "example.com:443 by http://proxy:8080: the outcome"; for a host that showed nothing
 */
int ca_hosts_failure(const struct wire_host *host, struct buf *out);
/* An object with the host, the way, what came of it, and what is in it besides. */
json_t *ca_host_json(const struct ca *ca, const struct ca_hosts *hosts, size_t host);

#endif
