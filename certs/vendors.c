/*
 * vendors: see vendors.h.
 */
#include "certs/vendors.h"

#include <string.h>

/* Part of a name, without case; the first that fits counts. */
static const struct {
    const char *part;
    const char *product;
} VENDORS[] = {
    {"zscaler", "Zscaler"},
    {"netskope", "Netskope"},
    {"goskope", "Netskope"},
    {"palo alto networks", "Palo Alto Networks"},
    {"paloalto", "Palo Alto Networks"},
    {"globalprotect", "Palo Alto Networks"},
    {"blue coat", "Symantec (Blue Coat)"},
    {"bluecoat", "Symantec (Blue Coat)"},
    {"symantec web security", "Symantec (Blue Coat)"},
    {"fortinet", "Fortinet"},
    {"fortigate", "Fortinet"},
    {"cisco umbrella", "Cisco Umbrella"},
    {"opendns", "Cisco Umbrella"},
    {"cisco secure access", "Cisco"},
    {"ironport", "Cisco"},
    {"forcepoint", "Forcepoint"},
    {"websense", "Forcepoint"},
    {"mcafee web gateway", "Skyhigh (McAfee)"},
    {"mcafee", "Skyhigh (McAfee)"},
    {"skyhigh", "Skyhigh (McAfee)"},
    {"trellix", "Skyhigh (McAfee)"},
    {"sophos", "Sophos"},
    {"check point", "Check Point"},
    {"checkpoint", "Check Point"},
    {"barracuda", "Barracuda"},
    {"iboss", "iboss"},
    {"cato networks", "Cato Networks"},
    {"gateway ca - cloudflare", "Cloudflare Gateway"},
    {"cloudflare for teams", "Cloudflare Gateway"},
    {"menlo security", "Menlo Security"},
    {"watchguard", "WatchGuard"},
    {"sonicwall", "SonicWall"},
    {"smoothwall", "Smoothwall"},
    {"lightspeed", "Lightspeed"},
    {"securly", "Securly"},
    {"untangle", "Untangle"},
    {"trend micro", "Trend Micro"},
    {"kaspersky", "Kaspersky"},
    {"eset ssl filter", "ESET"},
    {"avast", "Avast"},
    {"bitdefender", "Bitdefender"},
    {"adguard", "AdGuard"},
    {"squid", "Squid"},
    {"mitmproxy", "mitmproxy"},
    {"charles proxy", "Charles"},
    {"do_not_trust_fiddler", "Fiddler"},
    {"portswigger", "Burp"},
};

static bool holds(const char *text, const char *part)
{
    struct span rest = span_of(text);

    for (; rest.len > 0; rest = span_skip(rest, 1))
        if (span_starts_nocase(rest, span_of(part)))
            return true;
    return false;
}

const char *vendor_of(const struct cert *cert)
{
    for (size_t i = 0; i < sizeof(VENDORS) / sizeof(VENDORS[0]); i++)
        if (holds(cert->issuer, VENDORS[i].part) ||
            (cert->ca && holds(cert->subject, VENDORS[i].part)))
            return VENDORS[i].product;
    return NULL;
}
