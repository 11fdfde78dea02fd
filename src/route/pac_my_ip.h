/*
 * pac_my_ip: what myIpAddress() says in a PAC script.
 */
#ifndef CCGATE_ROUTE_PAC_MY_IP_H
#define CCGATE_ROUTE_PAC_MY_IP_H

#include "base/netaddr.h"

struct pac_my_ip {
    char one[NETADDR_TEXT];     /* never empty: "127.0.0.1" where nothing is known */
    char all[2 * NETADDR_TEXT]; /* "2001:db8::1;192.0.2.1" or empty */
};

/*
 * Asks the kernel which of our addresses the way out would take, as Chrome does: to a
 * public address of each family, else to the private networks. No packet is sent.
 */
void pac_my_ip_find(struct pac_my_ip *my_ip);

#endif
