#!/usr/bin/env python3
"""Prints a PAC script of 200 rules, none of which the host of the benchmark meets: 90
domains, 60 patterns of hosts and URLs, 10 of them with alternatives, 40 networks and
host names."""

print("// Made by make-rules.py: 200 rules, as large companies have them.")
print("// expect www.example.org => PROXY proxy.corp.example:8080; DIRECT")
print("// expect h7.dept7.corp.example => PROXY p1.corp.example:8080")
print("// expect app12-x.cloud2.example => PROXY p2.corp.example:8080; DIRECT")
print("function FindProxyForURL(url, host) {")
print("  var ip = /^[0-9.]+$/.test(host) ? host : null;")
for i in range(90):
    print('  if (dnsDomainIs(host, ".dept%d.corp.example")) return "PROXY p%d.corp.example:8080";' % (i, i % 3))
for i in range(50):
    print('  if (shExpMatch(host, "app%d-*.cloud%d.example")) return "PROXY p%d.corp.example:8080; DIRECT";' % (i, i % 5, (i + 2) % 3))
for i in range(10):
    print('  if (shExpMatch(url, "*://(a%d|b%d).partner.example/*")) return "HTTPS tls.corp.example:443";' % (i, i))
for i in range(25):
    print('  if (ip && isInNet(ip, "10.%d.0.0", "255.255.0.0")) return "DIRECT";' % (i * 3))
for i in range(15):
    print('  if (host == "legacy%d" || localHostOrDomainIs(host, "legacy%d.corp.example")) return "DIRECT";' % (i, i))
for i in range(10):
    print('  if (isPlainHostName(host) && host.substring(0, 3) == "s%02d") return "DIRECT";' % i)
print('  return "PROXY proxy.corp.example:8080; DIRECT";')
print("}")
