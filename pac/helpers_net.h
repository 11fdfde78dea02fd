/*
 * helpers_net: the PAC helpers about hosts and addresses, as Chrome has them. Pure:
 * what needs a lookup is in bindings.
 */
#ifndef CCGATE_PAC_HELPERS_NET_H
#define CCGATE_PAC_HELPERS_NET_H

#include "pac/value.h"

/* No dot, and no IPv6 literal; "foo:112" is plain. */
bool helper_is_plain_host_name(struct span host);

/* A suffix as it stands: "notfoo.com" is in "foo.com". */
bool helper_dns_domain_is(struct span host, struct span domain);
bool helper_local_host_or_domain_is(struct span host, struct span hostdom);
unsigned helper_dns_domain_levels(struct span host);

/* isValidIpAddress(): four numbers of up to three digits, none above 255. */
bool helper_is_ip(struct span text);

/* convert_addr(): the signed 32-bit number that JavaScript makes of it. */
int32_t helper_convert_addr(struct span text);

/* The end of isInNet(): all three as helper_is_ip() takes them, else false. */
bool helper_in_net(struct span address, struct span network, struct span mask);

/* isInNetEx("address", "network/bits"); IPv4 against IPv6 as ::ffff:a.b.c.d. */
bool helper_in_net_ex(struct span address, struct span block);

/* IPv6 first, then by value. 0; -EINVAL for an empty list or a bad item; -ENOMEM,
 * -EMSGSIZE. */
int helper_sort_ip_list(struct span list, struct buf *out);

/* 4 or 6 for an IP literal (strict dotted quad; no brackets, no zone), else 0. */
int helper_ip_version(struct span text);

#endif
