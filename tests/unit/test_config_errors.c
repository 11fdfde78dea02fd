/*
 * Tests of the messages about faulty configuration files: each text with the whole of
 * what is said about it.
 */
#include <string.h>

#include "config/internal.h"
#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* A text and its messages; the file is called f.yaml. */
static const struct {
    const char *text;
    const char *messages;
} cases[] = {
    /* keys */
    {"noprxy: x\n", "f.yaml:1:1: unknown key \"noprxy\"\n"
                    "noprxy: x\n"
                    "^\n"
                    "did you mean \"noproxy\"?\n"},
    {"log:\n  levle: info\n", "f.yaml:2:3: unknown key \"levle\" in log\n"
                              "  levle: info\n"
                              "  ^\n"
                              "did you mean \"log.level\"?\n"},
    {"colour: red\n", "f.yaml:1:1: unknown key \"colour\"\n"
                      "colour: red\n"
                      "^\n"},
    {"password: hunter2\n", "f.yaml:1:1: unknown key \"password\"\n"
                            "password:(hidden)\n"
                            "^\n"
                            "put it into a file of its own: password_file\n"},
    {"proxy: {url: \"http://p:1\", password: hunter2}\n",
     "f.yaml:1:28: unknown key \"password\" in an entry of proxy\n"
     "proxy: {url: \"http://p:1\", password:(hidden)\n"
     "                           ^\n"
     "put it into a file of its own: password_file\n"},
    {"daemon: no\npidfile: /p\ndaemon: yes\n",
     "f.yaml:3:1: \"daemon\" stands here again, first in line 1\n"
     "daemon: yes\n"
     "^\n"},
    {"log: {to: stderr}\nlog: {level: info}\n",
     "f.yaml:2:1: \"log\" stands here again, first in line 1\n"
     "log: {level: info}\n"
     "^\n"},
    {"log: stderr\n", "f.yaml:1:6: \"log\" holds keys of its own, as in log: {to}\n"
                      "log: stderr\n"
                      "     ^\n"},
    {"tls.ca: /x\n", "f.yaml:1:1: unknown key \"tls.ca\"\n"
                     "tls.ca: /x\n"
                     "^\n"
                     "did you mean \"tls: {ca: ...}\"?\n"},
    {"- listen\n", "f.yaml:1:1: a configuration consists of keys, as in listen: 3128\n"
                   "- listen\n"
                   "^\n"},
    {"[a]: b\n", "f.yaml:1:1: a key must be a word\n"
                 "[a]: b\n"
                 "^\n"},
    /* YAML that is not wanted, or none */
    {"username: &u alice\n", "f.yaml:1:11: anchors (&) are not supported\n"
                             "username: &u alice\n"
                             "          ^\n"},
    {"username: *u\n",
     "f.yaml:1:11: aliases (*) are not supported; quote text that begins with *\n"
     "username: *u\n"
     "          ^\n"},
    {"noproxy: [*.corp]\n",
     "f.yaml:1:12: this is no YAML: did not find expected alphabetic or numeric "
     "character (while scanning an alias, line 1)\n"
     "noproxy: [*.corp]\n"
     "           ^\n"
     "quote text that begins with *\n"},
    {"daemon: !!bool yes\n",
     "f.yaml:1:9: tags (!) are not supported; quote text that begins with !\n"
     "daemon: !!bool yes\n"
     "        ^\n"},
    {"daemon: yes\n---\ndaemon: no\n",
     "f.yaml:2:1: a second document begins here; a file holds only one\n"
     "---\n"
     "^\n"},
    {"a: [b\n", "f.yaml:2:1: this is no YAML: did not find expected ',' or ']' "
                "(while parsing a flow sequence, line 1)\n"
                "\n"
                "^\n"},
    {"\tdaemon: yes\n",
     "f.yaml:1:1: this is no YAML: found character that cannot start any token "
     "(while scanning for the next token, line 1)\n"
     "\tdaemon: yes\n"
     "^\n"},
    {"daemon: yes\nusername: \xff\n",
     "f.yaml:2:11: this is no UTF-8 text: invalid leading UTF-8 octet\n"
     "username: \xff\n"
     "          ^\n"},
    {"x: [[[[[[[[[[[[1]]]]]]]]]]]]\n", "f.yaml:1:11: this is nested too deeply\n"
                                       "x: [[[[[[[[[[[[1]]]]]]]]]]]]\n"
                                       "          ^\n"},
    /* scalars */
    {"warm: {primer: https://a.test/}\n",
     "f.yaml:1:16: the URL of a primer is not http://: a primer is a plain request\n"
     "warm: {primer: https://a.test/}\n"
     "               ^\n"},
    {"warm: {primer: a.test}\n", "f.yaml:1:16: the URL of a primer has no scheme\n"
                                 "warm: {primer: a.test}\n"
                                 "               ^\n"},
    {"warm: {primer: http://u@a.test/}\n",
     "f.yaml:1:16: the URL of a primer holds a user name\n"
     "warm: {primer: http://(hidden)@a.test/}\n"
     "               ^\n"},
    {"timeout:\n  head: 30\n  idle: 5d\n  drain: x\n  connect: 0\n",
     "f.yaml:2:9: \"30\" has no unit: ms, s, m or h, as in 30s\n"
     "  head: 30\n"
     "        ^\n"
     "f.yaml:3:9: \"5d\" has an unknown unit: it may be ms, s, m (or min) and h\n"
     "  idle: 5d\n"
     "        ^\n"
     "f.yaml:4:10: \"x\" is no whole number with a unit, as in 30s\n"
     "  drain: x\n"
     "         ^\n"
     "f.yaml:5:12: \"0\" is too short: this limit cannot be turned off\n"
     "  connect: 0\n"
     "           ^\n"},
    {"limit: {login_body: 1000, sessions: many}\n",
     "f.yaml:1:21: \"1000\" has no unit: B, KiB, MiB, KB or MB, as in 256KiB\n"
     "limit: {login_body: 1000, sessions: many}\n"
     "                    ^\n"
     "f.yaml:1:37: \"many\" is no whole number\n"
     "limit: {login_body: 1000, sessions: many}\n"
     "                                    ^\n"},
    {"daemon: maybe\n", "f.yaml:1:9: \"maybe\" is neither true nor false\n"
                        "daemon: maybe\n"
                        "        ^\n"},
    {"log: {level: warning}\n",
     "f.yaml:1:14: \"warning\" is none of error|warn|info|debug\n"
     "log: {level: warning}\n"
     "             ^\n"
     "did you mean \"warn\"?\n"},
    {"log: {to: stdout}\n", "f.yaml:1:11: \"stdout\" is none of stderr|syslog|FILE\n"
                            "log: {to: stdout}\n"
                            "          ^\n"},
    {"auth: {basic: 1}\n", "f.yaml:1:7: \"auth\" takes one value, not a map\n"
                           "auth: {basic: 1}\n"
                           "      ^\n"},
    {"auth: [ntlm, basic, ntlm]\n", "f.yaml:1:21: \"ntlm\" stands here twice\n"
                                    "auth: [ntlm, basic, ntlm]\n"
                                    "                    ^\n"},
    {"auth: [auto, basic]\n", "f.yaml:1:8: \"auto\" stands alone or not at all\n"
                              "auth: [auto, basic]\n"
                              "       ^\n"},
    {"auth: [basic, none]\n", "f.yaml:1:15: \"none\" stands alone or not at all\n"
                              "auth: [basic, none]\n"
                              "              ^\n"},
    {"auth: [basic, digset]\n",
     "f.yaml:1:15: \"digset\" is none of auto|negotiate|ntlm|digest|basic|none\n"
     "auth: [basic, digset]\n"
     "              ^\n"
     "did you mean \"digest\"?\n"},
    {"auth: [[basic]]\n", "f.yaml:1:8: an item of \"auth\" cannot be a list\n"
                          "auth: [[basic]]\n"
                          "       ^\n"},
    {"auth: []\n", "f.yaml:1:7: \"auth\" has no value\n"
                   "auth: []\n"
                   "      ^\n"},
    {"auth:\n", "f.yaml:1:6: \"auth\" has no value\n"
                "auth:\n"
                "     ^\n"},
    {"noproxy:\n", "f.yaml:1:9: \"noproxy\" has no value; an empty list is []\n"
                   "noproxy:\n"
                   "        ^\n"},
    {"username: \"a\\nb\"\n",
     "f.yaml:1:11: the value of \"username\" holds a line break\n"
     "username: \"a\\nb\"\n"
     "          ^\n"},
    {"username: \"a\\0b\"\n",
     "f.yaml:1:11: the value of \"username\" holds a control character\n"
     "username: \"a\\0b\"\n"
     "          ^\n"},
    {"username: CORP\\\n",
     "f.yaml:1:11: a user is written as alice, CORP\\alice or alice@corp.example\n"
     "username: CORP\\\n"
     "          ^\n"},
    /* the place, behind characters of several bytes and tabs */
    {"username: \"\xc3\xbc\xc3\xbc\"\nlog: {\"\xc3\xbc\": 1,\tlevel: x}\n",
     "f.yaml:2:7: unknown key \"\xc3\xbc\" in log\n"
     "log: {\"\xc3\xbc\": 1,\tlevel: x}\n"
     "      ^\n"
     "f.yaml:2:22: \"x\" is none of error|warn|info|debug\n"
     "log: {\"\xc3\xbc\": 1,\tlevel: x}\n"
     "             \t       ^\n"},
    /* listen */
    {"listen: [example.com:80, \"::1:3128\", 127.0.0.1, localhost, \"[::1]:70000\"]\n",
     "f.yaml:1:10: \"example.com\" is neither localhost nor an IP address; other names "
     "are not looked up here\n"
     "listen: [example.com:80, \"::1:3128\", 127.0.0.1, localhost, \"[::1]:70000\"]\n"
     "         ^\n"
     "f.yaml:1:26: an IPv6 address stands in brackets, as in [::1]:3128\n"
     "listen: [example.com:80, \"::1:3128\", 127.0.0.1, localhost, \"[::1]:70000\"]\n"
     "                         ^\n"
     "f.yaml:1:38: \"127.0.0.1\" has no valid port, as in 127.0.0.1:3128\n"
     "listen: [example.com:80, \"::1:3128\", 127.0.0.1, localhost, \"[::1]:70000\"]\n"
     "                                     ^\n"
     "f.yaml:1:49: \"localhost\" has no valid port, as in 127.0.0.1:3128\n"
     "listen: [example.com:80, \"::1:3128\", 127.0.0.1, localhost, \"[::1]:70000\"]\n"
     "                                                ^\n"
     "f.yaml:1:60: \"[::1]:70000\" has no valid port, as in 127.0.0.1:3128\n"
     "listen: [example.com:80, \"::1:3128\", 127.0.0.1, localhost, \"[::1]:70000\"]\n"
     "                                                           ^\n"},
    {"listen: \":3128\"\n",
     "f.yaml:1:9: other machines can reach 0.0.0.0:3128: name those that may use it, "
     "as in allow: [10.0.0.0/8], or listen on localhost only\n"
     "listen: \":3128\"\n"
     "        ^\n"},
    {"listen: 192.0.2.1:3128\n",
     "f.yaml:1:9: other machines can reach 192.0.2.1:3128: name those that may use it, "
     "as in allow: [10.0.0.0/8], or listen on localhost only\n"
     "listen: 192.0.2.1:3128\n"
     "        ^\n"},
    {"listen: [3128, 127.0.0.1:3128]\n", "f.yaml:1:16: 127.0.0.1:3128 is listed twice\n"
                                         "listen: [3128, 127.0.0.1:3128]\n"
                                         "               ^\n"},
    {"listen: \"unix:\"\n",
     "f.yaml:1:9: a path is missing, as in unix:/run/ccgate.sock\n"
     "listen: \"unix:\"\n"
     "        ^\n"},
    {"listen: [\"\", {a: b}]\n", "f.yaml:1:10: an item of \"listen\" is empty\n"
                                 "listen: [\"\", {a: b}]\n"
                                 "         ^\n"
                                 "f.yaml:1:14: an item of \"listen\" cannot be a map\n"
                                 "listen: [\"\", {a: b}]\n"
                                 "             ^\n"},
    /* tunnel */
    {"tunnel: 127.0.0.1:5432\n",
     "f.yaml:1:9: a tunnel is an address to listen on and a target, as in \"127.0.0.1:5432 db.example:5432\"\n"
     "tunnel: 127.0.0.1:5432\n"
     "        ^\n"},
    {"tunnel: 127.0.0.1:5432 db.example\n",
     "f.yaml:1:9: the target of a tunnel has no port\n"
     "tunnel: 127.0.0.1:5432 db.example\n"
     "        ^\n"},
    {"tunnel: 127.0.0.1:5432 a/b:1\n",
     "f.yaml:1:9: the target of a tunnel has an invalid host name\n"
     "tunnel: 127.0.0.1:5432 a/b:1\n"
     "        ^\n"},
    {"tunnel: db.example:1 db.example:1\n",
     "f.yaml:1:9: \"db.example\" is neither localhost nor an IP address; other names are not looked up here\n"
     "tunnel: db.example:1 db.example:1\n"
     "        ^\n"},
    {"tunnel: 127.0.0.1 db.example:1\n",
     "f.yaml:1:9: \"127.0.0.1\" has no valid port, as in 127.0.0.1:3128\n"
     "tunnel: 127.0.0.1 db.example:1\n"
     "        ^\n"},
    {"tunnel: 0.0.0.0:1 db.example:1\n",
     "f.yaml:1:9: other machines can reach 0.0.0.0:1: name those that may use it, as in allow: [10.0.0.0/8], or listen on localhost only\n"
     "tunnel: 0.0.0.0:1 db.example:1\n"
     "        ^\n"},
    {"tunnel: 127.0.0.1:3128 db.example:1\n",
     "f.yaml:1:9: the address of this tunnel stands in listen, too\n"
     "tunnel: 127.0.0.1:3128 db.example:1\n"
     "        ^\n"},
    {"tunnel: [127.0.0.1:1 a:1, 127.0.0.1:1 b:2]\n",
     "f.yaml:1:27: 127.0.0.1:1 is listed twice\n"
     "tunnel: [127.0.0.1:1 a:1, 127.0.0.1:1 b:2]\n"
     "                          ^\n"},
    {"tunnel: 127.0.0.1:1 localhost:3128\n",
     "f.yaml:1:9: this tunnel leads back to an address that ccgate listens on\n"
     "tunnel: 127.0.0.1:1 localhost:3128\n"
     "        ^\n"},
    {"tunnel: [127.0.0.1:1 db:1, localhost:2 127.0.0.1:1]\n",
     "f.yaml:1:28: this tunnel leads back to an address that ccgate listens on\n"
     "tunnel: [127.0.0.1:1 db:1, localhost:2 127.0.0.1:1]\n"
     "                           ^\n"},

    /* proxy */
    {"proxy: [system, a:1]\n",
     "f.yaml:1:17: \"system\" stands alone: name either proxies or the system's settings\n"
     "proxy: [system, a:1]\n"
     "                ^\n"
     "a proxy that is called so is written http://system:8080\n"},
    {"proxy: [a:1, System]\n",
     "f.yaml:1:14: \"system\" stands alone: name either proxies or the system's settings\n"
     "proxy: [a:1, System]\n"
     "             ^\n"
     "a proxy that is called so is written http://system:8080\n"},
    {"wpad_domain: com\n", "f.yaml:1:14: \"com\" is no domain, as in corp.example\n"
                           "wpad_domain: com\n"
                           "             ^\n"},
    {"wpad_domain: com.\n", "f.yaml:1:14: \"com.\" is no domain, as in corp.example\n"
                            "wpad_domain: com.\n"
                            "             ^\n"},
    {"wpad_domain: .corp\n", "f.yaml:1:14: \".corp\" is no domain, as in corp.example\n"
                             "wpad_domain: .corp\n"
                             "             ^\n"},
    {"proxy: direct\n",
     "f.yaml:1:8: going direct is no proxy: name hosts in noproxy; without "
     "via_corp_proxy, all go direct when no proxy is known\n"
     "proxy: direct\n"
     "       ^\n"},
    {"proxy: {url: \"socks5://p:1\", username: u, domain: D}\n",
     "f.yaml:1:51: a SOCKS proxy has no use for \"domain\"\n"
     "proxy: {url: \"socks5://p:1\", username: u, domain: D}\n"
     "                                                  ^\n"},
    {"proxy: {url: \"socks5://p:1\", header: \"A: b\"}\n",
     "f.yaml:1:38: a SOCKS proxy has no use for \"header\"\n"
     "proxy: {url: \"socks5://p:1\", header: \"A: b\"}\n"
     "                                     ^\n"},
    {"proxy: {url: \"socks4://p:1\", username: u, password_file: /pw}\n",
     "f.yaml:1:8: SOCKS4 knows user names, but no passwords: try socks5://\n"
     "proxy: {url: \"socks4://p:1\", username: u, password_file: /pw}\n"
     "       ^\n"},
    {"proxy: {url: \"socks5://p:1\", password_file: /pw}\n",
     "f.yaml:1:8: the password of a SOCKS proxy needs a username beside it\n"
     "proxy: {url: \"socks5://p:1\", password_file: /pw}\n"
     "       ^\n"},
    {"proxy: socks://p:1080\n",
     "f.yaml:1:8: socks:// is not supported: a proxy is http://, https://, socks5:// "
     "or socks4://\n"
     "proxy: socks://p:1080\n"
     "       ^\n"},
    {"proxy: http://p:1/x\n", "f.yaml:1:8: the URL of a proxy ends behind the port\n"
                              "proxy: http://p:1/x\n"
                              "       ^\n"},
    {"proxy: http://u:hun%ter2@p:1\n",
     "f.yaml:1:8: the URL of a proxy has a broken %XX in its user part\n"
     "proxy: http://(hidden)@p:1\n"
     "       ^\n"},
    {"proxy: http://:x@p:1\n", "f.yaml:1:8: the URL has an empty user name\n"
                               "proxy: http://(hidden)@p:1\n"
                               "       ^\n"},
    {"proxy: u:hunter2@p:1/x\n", "f.yaml:1:8: the URL of a proxy ends behind the port\n"
                                 "proxy: (hidden)@p:1/x\n"
                                 "       ^\n"},
    {"proxy: {ulr: \"http://p:1\"}\n",
     "f.yaml:1:9: unknown key \"ulr\" in an entry of proxy\n"
     "proxy: {ulr: \"http://p:1\"}\n"
     "        ^\n"
     "did you mean \"url\"?\n"
     "f.yaml:1:8: this entry of proxy has no url\n"
     "proxy: {ulr: \"http://p:1\"}\n"
     "       ^\n"},
    {"proxy: {url: \"http://u@p:1\", username: v}\n",
     "f.yaml:1:40: the URL already names a user\n"
     "proxy: {url: \"http://(hidden)@p:1\", username: v}\n"
     "                                              ^\n"},
    {"pac_children: 0\n",
     "f.yaml:1:15: \"0\" is too small: \"pac_children\" may be 1 to 64\n"
     "pac_children: 0\n"
     "              ^\n"},
    {"pac_children: 65\n",
     "f.yaml:1:15: \"65\" is too large: \"pac_children\" may be 1 to 64\n"
     "pac_children: 65\n"
     "              ^\n"},
    {"warm: {tunnels: 257, connections: 64}\n",
     "f.yaml:1:17: \"257\" is too large: \"warm.tunnels\" may be 0 to 256\n"
     "warm: {tunnels: 257, connections: 64}\n"
     "                ^\n"},
    {"warm: {tunnels: 256, connections: 999999}\n",
     "f.yaml:1:35: \"999999\" is too large: \"warm.connections\" may be 0 to 64\n"
     "warm: {tunnels: 256, connections: 999999}\n"
     "                                  ^\n"},
    /* the other lists */
    {"allow: [10.0.0.0/33, all]\n",
     "f.yaml:1:9: \"10.0.0.0/33\" is no network, as in 10.0.0.0/8 or fd00::/8\n"
     "allow: [10.0.0.0/33, all]\n"
     "        ^\n"
     "f.yaml:1:22: \"all\" is no network, as in 10.0.0.0/8 or fd00::/8\n"
     "allow: [10.0.0.0/33, all]\n"
     "                     ^\n"},
    {"allow_users: 4294967295\n", "f.yaml:1:14: no user has such a number\n"
                                  "allow_users: 4294967295\n"
                                  "             ^\n"},
    {"tls: {pins: [proxy.test, \"a sha256//AAAA=\"], weak_ca: 12}\n",
     "f.yaml:1:14: a pin is written as \"HOST sha256//BASE64\", the SHA-256 of the "
     "certificate's public key in base64, as curl wants it\n"
     "tls: {pins: [proxy.test, \"a sha256//AAAA=\"], weak_ca: 12}\n"
     "             ^\n"
     "f.yaml:1:26: a pin is written as \"HOST sha256//BASE64\", the SHA-256 of the "
     "certificate's public key in base64, as curl wants it\n"
     "tls: {pins: [proxy.test, \"a sha256//AAAA=\"], weak_ca: 12}\n"
     "                         ^\n"
     "f.yaml:1:55: a CA is named by its SHA-256 fingerprint, 64 hexadecimal digits: "
     "openssl x509 -fingerprint -sha256 shows it\n"
     "tls: {pins: [proxy.test, \"a sha256//AAAA=\"], weak_ca: 12}\n"
     "                                                      ^\n"},
    {"tls: {cert: \"pkcs11:object=me?pin-value=tulip\", key: 'pkcs11:x?PIN-value=a'}\n",
     "f.yaml:1:13: a PIN is not written here: put it into a file of mode 0600, and name "
     "that in tls.key_password_file\n"
     "tls: {cert: \"pkcs11:object=me?pin-value=(hidden)\n"
     "            ^\n"
     "f.yaml:1:54: a PIN is not written here: put it into a file of mode 0600, and name "
     "that in tls.key_password_file\n"
     "tls: {cert: \"pkcs11:object=me?pin-value=(hidden)\n"
     "                                        ^\n"},
    {"tls: {legacy_renegotiation: http://a/}\n",
     "f.yaml:1:29: the name or address of a host is needed here\n"
     "tls: {legacy_renegotiation: http://a/}\n"
     "                            ^\n"},
    {"header: [Host: x, \"a b: c\", \"abc\", \"TE: 3\", \"A: b\\r\\nC: d\"]\n",
     "f.yaml:1:10: an item of \"header\" cannot be a map\n"
     "header: [Host: x, \"a b: c\", \"abc\", \"TE: 3\", \"A: b\\r\\nC: d\"]\n"
     "         ^\n"
     "f.yaml:1:19: \"a b\" cannot be the name of a header field\n"
     "header: [Host: x, \"a b: c\", \"abc\", \"TE: 3\", \"A: b\\r\\nC: d\"]\n"
     "                  ^\n"
     "f.yaml:1:29: a header field is written as \"Name: value\"\n"
     "header: [Host: x, \"a b: c\", \"abc\", \"TE: 3\", \"A: b\\r\\nC: d\"]\n"
     "                            ^\n"
     "f.yaml:1:36: the header field TE is set by ccgate itself\n"
     "header: [Host: x, \"a b: c\", \"abc\", \"TE: 3\", \"A: b\\r\\nC: d\"]\n"
     "                                   ^\n"
     "f.yaml:1:45: an item of \"header\" holds a line break\n"
     "header: [Host: x, \"a b: c\", \"abc\", \"TE: 3\", \"A: b\\r\\nC: d\"]\n"
     "                                            ^\n"},
    {"header: \"Proxy-Authorization: Basic aHVudGVyMg==\"\n",
     "f.yaml:1:9: the header field Proxy-Authorization is made from username and "
     "password_file\n"
     "header: \"Proxy-Authorization:(hidden)\n"
     "        ^\n"},
};

START_TEST(message)
{
    struct buf messages;
    struct config *config;
    char *text;

    buf_init(&messages, 65536);
    config = config_parse_text("f.yaml", span_of(cases[_i].text), &messages);
    text = span_dup(buf_span(&messages));
    ck_assert_str_eq(text, cases[_i].messages);
    ck_assert_ptr_null(config);
    free(text);
    buf_clear(&messages);
}
END_TEST

/* A file of nothing but errors says so in a bounded text. */
START_TEST(flood)
{
    struct buf messages;
    struct buf text;

    buf_init(&messages, 1 << 20);
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 5000; i++)
        ck_assert_int_eq(buf_printf(&text, "key%d: x\n", i), 0);
    ck_assert_ptr_null(config_parse_text("f.yaml", buf_span(&text), &messages));
    ck_assert_uint_lt(messages.len, 8192);
    ck_assert_int_eq(buf_append(&messages, "", 1), 0);
    ck_assert_ptr_nonnull(strstr(buf_span(&messages).at, "too many errors"));
    buf_clear(&messages);
    buf_clear(&text);
}
END_TEST

/* Of a long line, the part around the place is shown. */
START_TEST(long_line)
{
    struct buf line;
    struct buf messages;
    struct span rest;
    struct span part;

    buf_init(&line, 2000);
    buf_init(&messages, 65536);
    ck_assert_int_eq(buf_printf(&line, "{daemon: no,%1488s", ""), 0);
    ck_assert_int_eq(buf_append_text(&line, "nopidfile: x, daemon: no}"), 0);
    ck_assert_int_eq(buf_printf(&line, "%400s", ""), 0);
    ck_assert_ptr_null(config_parse_text("f.yaml", buf_span(&line), &messages));
    buf_clear(&line);
    rest = buf_span(&messages);
    ck_assert(span_next(&rest, "\n", &part));
    ck_assert(span_starts(part, SPAN("f.yaml:1:1501: unknown key")));
    ck_assert(span_next(&rest, "\n", &part));
    ck_assert_uint_le(part.len, 120);
    ck_assert(span_starts(span_trim(part), SPAN("nopidfile: x")));
    part.len = span_find(part, 'n');
    ck_assert_uint_eq(part.len, span_find(rest, '^'));
    buf_clear(&messages);
}
END_TEST

/* A full message buffer changes nothing but the text. */
START_TEST(full_buffer)
{
    struct buf messages;

    for (size_t ceiling = 0; ceiling < 100; ceiling += 7) {
        buf_init(&messages, ceiling);
        ck_assert_ptr_null(config_parse_text("f", SPAN("noprxy: 1\n"), &messages));
        ck_assert_uint_le(messages.len, ceiling);
        buf_clear(&messages);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config errors");
    TCase *files = tcase_create("files");

    tcase_add_loop_test(files, message, 0, COUNT(cases));
    tcase_add_test(files, flood);
    tcase_add_test(files, long_line);
    tcase_add_test(files, full_buffer);
    suite_add_tcase(suite, files);
    return suite_run(suite);
}
