/*
 * fuzz_settings: what gsettings prints, KDE's file and DHCP leases, from arbitrary
 * bytes.
 *
 * A URL out of a lease is printable ASCII: a server that nobody chose has sent it.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "pac/libproxy.h"
#include "pac/settings_text.h"

static void expect_printable(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        expect(s.at[i] > ' ' && s.at[i] <= '~');
}

static void try_leases(struct span in)
{
    static const enum settings_lease kinds[] = {SETTINGS_DHCLIENT, SETTINGS_NETWORKD,
                                                SETTINGS_NMCLI};
    struct buf out;

    buf_init(&out, 65536);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        bool found = settings_lease(in, kinds[i], 1780408800, &out);

        expect(found == (out.len > 0));
        expect_printable(buf_span(&out));
        buf_reset(&out);
    }
    buf_clear(&out);
}

static void try_entry(struct span in)
{
    char *text = span_dup(in);
    char entry[256];

    if (text != NULL)
        expect_printable(libproxy_entry(text, entry, sizeof(entry)));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {(const char *)data, size};
    struct buf out;

    buf_init(&out, 65536);
    if (!settings_gvariant(in, &out))
        expect(out.len == 0);
    buf_reset(&out);
    if (!settings_gvariant_list(in, &out))
        expect(out.len == 0);
    buf_clear(&out);
    (void)settings_kde_valid(in);
    expect(settings_kde(in, "Proxy Settings", "ProxyType").len <= size);
    try_leases(in);
    try_entry(in);
    return 0;
}
