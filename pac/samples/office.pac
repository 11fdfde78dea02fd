// An office with two proxies, a VPN and a night window.
// expect intranet => DIRECT
// expect wiki.corp.example => DIRECT
// expect 10.20.30.40 => DIRECT
// expect localhost => DIRECT
// expect www.example.org => PROXY wp1.corp.example:8080; PROXY wp2.corp.example:8080
// expect updates.vendor.example => PROXY night.corp.example:3128
var primary = "PROXY wp1.corp.example:8080";
var secondary = "PROXY wp2.corp.example:8080";

function FindProxyForURL(url, host)
{
    host = host.toLowerCase();
    if (isPlainHostName(host) || dnsDomainIs(host, ".corp.example") ||
        shExpMatch(host, "127.*") || localHostOrDomainIs(host, "localhost"))
        return "DIRECT";
    if (/^\d+\.\d+\.\d+\.\d+$/.test(host) &&
        (isInNet(host, "10.0.0.0", "255.0.0.0") ||
         isInNet(host, "172.16.0.0", "255.240.0.0") ||
         isInNet(host, "192.168.0.0", "255.255.0.0")))
        return "DIRECT";
    if (shExpMatch(url, "http*://updates.*") && !weekdayRange("SAT", "SUN") &&
        timeRange(8, 18))
        return "PROXY night.corp.example:3128";
    return primary + "; " + secondary;
}
