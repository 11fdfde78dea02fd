// Which site we are in decides; alternatives in patterns; every kind of entry.
// expect app.cloud.example => HTTPS tls.corp.example:443; PROXY wp1.corp.example:8080
// expect db.lab.example => SOCKS5 socks.corp.example:1080; SOCKS socks2.corp.example
// expect www.example.org => PROXY berlin.corp.example:8080
var sites = [
    ["10.1.0.0/16", "PROXY berlin.corp.example:8080"],
    ["10.2.0.0/16", "PROXY paris.corp.example:8080"],
    ["fd00:2::/32", "PROXY paris.corp.example:8080"]
];

function site()
{
    var mine = sortIpAddressList(myIpAddressEx());
    var list = mine ? mine.split(";") : [myIpAddress()];

    for (var i = 0; i < list.length; i++)
        for (var j = 0; j < sites.length; j++)
            if (isInNetEx(list[i], sites[j][0]))
                return sites[j][1];
    alert("no site for " + list);
    return "DIRECT";
}

function FindProxyForURL(url, host)
{
    if (shExpMatch(host, "(*.cloud.example|*.saas.example)"))
        return "HTTPS tls.corp.example:443; PROXY wp1.corp.example:8080";
    if (dnsDomainIs(host, ".lab.example"))
        return "SOCKS5 socks.corp.example:1080; SOCKS socks2.corp.example";
    return site();
}
