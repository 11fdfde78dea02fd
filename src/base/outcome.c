/*
 * outcome: the one table of how requests end. See outcome.h.
 *
 * Statuses and error types follow RFC 9209 section 2.3, with two exceptions. A login
 * that cannot succeed is 403, because programs show the text of a 403 and treat a 5xx
 * as a fault of the server behind. A route that is not decided is 502, not 500.
 *
 * The next hop may be tried where nothing of the request was sent yet, or no more than
 * the wish for a connection, which opened none (RFC 9110 section 9.2.2). Then the hop
 * is at fault, too, unless the target may be. The reason phrase names the cause,
 * because many programs show no other part of an answer to CONNECT.
 */
#include "base/outcome.h"

#include <stddef.h>

/* RFC 1928 section 6 */
enum { SOCKS_FAILED = 1 };

static const struct outcome_info TABLE[OUTCOME_COUNT] = {
    [OUTCOME_OK] =
        {
            .name = "ok",
            .status = 200,
            .reason = "OK",
            .help = "Nothing needs to be done.",
        },
    [OUTCOME_BAD_REQUEST] =
        {
            .name = "bad_request",
            .status = 400,
            .proxy_error = "http_request_error",
            .reason = "Bad Request",
            .help = "The program sent a request that is not valid HTTP/1.1: "
                    "update it, or report this to its authors.",
        },
    [OUTCOME_REQUEST_TOO_LARGE] =
        {
            .name = "request_too_large",
            .status = 431,
            .proxy_error = "http_request_error",
            .reason = "Request Header Fields Too Large",
            .help = "The head of a request may have 64 KiB and 512 fields: "
                    "remove cookies or other large fields.",
        },
    [OUTCOME_REQUEST_TIMEOUT] =
        {
            .name = "request_timeout",
            .status = 408,
            .proxy_error = "http_request_error",
            .reason = "Request Timeout",
            .help = "The program did not finish the head of its request in "
                    "time: try again.",
        },
    [OUTCOME_REQUEST_INCOMPLETE] =
        {
            .name = "request_incomplete",
            .status = 0,
            .proxy_error = "http_request_error",
            .reason = "Request Incomplete",
            .help = "The program closed its connection in the middle of a "
                    "request: look into its own log.",
        },
    [OUTCOME_CODING_UNKNOWN] =
        {
            .name = "coding_unknown",
            .status = 501,
            .proxy_error = "http_request_error",
            .reason = "Transfer Coding Not Implemented",
            .help = "Send the body with Transfer-Encoding: chunked or with "
                    "Content-Length.",
        },
    [OUTCOME_VERSION_UNSUPPORTED] =
        {
            .name = "version_unsupported",
            .status = 505,
            .proxy_error = "http_request_error",
            .reason = "HTTP Version Not Supported",
            .help = "Let the program speak HTTP/1.1 to its proxy; HTTP/2 works "
                    "inside a CONNECT tunnel.",
        },
    [OUTCOME_EXPECTATION_UNKNOWN] =
        {
            .name = "expectation_unknown",
            .status = 417,
            .proxy_error = "http_request_error",
            .reason = "Expectation Failed",
            .help = "Remove the Expect field, or send Expect: 100-continue.",
        },
    [OUTCOME_SCHEME_UNSUPPORTED] =
        {
            .name = "scheme_unsupported",
            .status = 400,
            .proxy_error = "http_request_error",
            .reason = "URL Scheme Not Supported",
            .help = "Only http:// URLs are forwarded; for anything else the "
                    "program must use CONNECT.",
        },
    [OUTCOME_TLS_ON_PLAIN_PORT] =
        {
            .name = "tls_on_plain_port",
            .status = 400,
            .proxy_error = "http_request_error",
            .doctor = "ENV-03",
            .reason = "TLS Sent To A Plain Port",
            .help = "Use http:// instead of https:// in the proxy URL "
                    "(HTTPS_PROXY=http://127.0.0.1:3128).",
        },
    [OUTCOME_CALLER_REFUSED] =
        {
            .name = "caller_refused",
            .status = 403,
            .socks = 2,
            .proxy_error = "http_request_denied",
            .doctor = "DAE-09",
            .reason = "Caller Not Allowed",
            .help = "Add the user to `allow_users:` or the network to `allow:` "
                    "in the configuration, then run `ccgate reload`.",
        },
    [OUTCOME_LOCAL_TARGET_REFUSED] =
        {
            .name = "local_target_refused",
            .status = 403,
            .socks = 2,
            .proxy_error = "http_request_denied",
            .doctor = "DAE-09",
            .reason = "Local Target Not Allowed",
            .help = "Loopback and link-local targets are served only to the "
                    "user that runs ccgate: reach them without the proxy "
                    "(NO_PROXY).",
        },
    [OUTCOME_RULE_REFUSED] =
        {
            .name = "rule_refused",
            .status = 403,
            .socks = 2,
            .proxy_error = "http_request_denied",
            .doctor = "DAE-09",
            .reason = "Target Refused By A Rule",
            .help = "An entry of `rules:` refuses this target: `ccgate route URL "
                    "--trace` says which one.",
        },
    [OUTCOME_LOOP] =
        {
            .name = "loop",
            .status = 502,
            .socks = 2,
            .proxy_error = "proxy_loop_detected",
            .doctor = "DAE-08",
            .reason = "Proxy Loop Detected",
            .help = "The way out leads back to ccgate: check `proxy:` and the "
                    "proxy variables of the environment with `ccgate route "
                    "URL`.",
        },
    [OUTCOME_SESSION_LIMIT] =
        {
            .name = "session_limit",
            .status = 503,
            .proxy_error = "http_request_denied",
            .doctor = "DAE-07",
            .reason = "Too Many Sessions",
            .help = "Close unused programs, or raise the descriptor limit "
                    "(`LimitNOFILE=` or `ulimit -n`) and restart ccgate.",
        },
    [OUTCOME_DRAINING] =
        {
            .name = "draining",
            .status = 503,
            .proxy_error = "http_request_denied",
            .doctor = "DAE-04",
            .reason = "Proxy Shutting Down",
            .help = "ccgate is being stopped: start it again and retry.",
        },
    [OUTCOME_ROUTE_UNDECIDED] =
        {
            .name = "route_undecided",
            .status = 502,
            .proxy_error = "proxy_configuration_error",
            .doctor = "ENV-01",
            .reason = "No Route Decided",
            .help = "Run `ccgate route --trace URL` to see which source gave no "
                    "way out and why: have that mended (a script at its URL), or "
                    "name a proxy by `proxy:` for while it cannot be had.",
        },
    [OUTCOME_DNS_ERROR] =
        {
            .name = "dns_error",
            .status = 502,
            .socks = 4,
            .proxy_error = "dns_error",
            .next_hop = true,
            .hop_fault = true,
            .doctor = "DNS-01",
            .reason = "Proxy Name Not Found",
            .help = "Check the proxy's name and that the VPN is up.",
            .reason_direct = "Server Name Not Found",
            .help_direct =
                "Check the server's name; a name that only the proxy knows must not stand in `noproxy`.",
        },
    [OUTCOME_DNS_TIMEOUT] =
        {
            .name = "dns_timeout",
            .status = 504,
            .socks = 4,
            .proxy_error = "dns_timeout",
            .next_hop = true,
            .hop_fault = true,
            .doctor = "DNS-01",
            .reason = "Proxy Name Lookup Timed Out",
            .help = "The name server did not answer: check the network and that "
                    "the VPN is up.",
            .reason_direct = "Server Name Lookup Timed Out",
            .help_direct =
                "The name server did not answer: check the network and that the VPN is up.",
        },
    [OUTCOME_CONNECT_REFUSED] =
        {
            .name = "connect_refused",
            .status = 502,
            .socks = 5,
            .proxy_error = "connection_refused",
            .next_hop = true,
            .hop_fault = true,
            .doctor = "TCP-01",
            .reason = "Proxy Connection Refused",
            .help = "Check the proxy's port; if it is right, the proxy is down: "
                    "tell its operators.",
            .reason_direct = "Server Connection Refused",
            .help_direct =
                "Check the server's port; if it is right, the server is down.",
        },
    [OUTCOME_CONNECT_TIMEOUT] =
        {
            .name = "connect_timeout",
            .status = 504,
            .socks = 6,
            .proxy_error = "connection_timeout",
            .next_hop = true,
            .hop_fault = true,
            .doctor = "TCP-01",
            .reason = "Proxy Connection Timed Out",
            .help = "A firewall drops the packets, or the VPN is down: check "
                    "both, and the proxy's address.",
            .reason_direct = "Server Connection Timed Out",
            .help_direct =
                "The server is down, or a firewall drops the packets and it must be reached through the proxy: check `noproxy`.",
        },
    [OUTCOME_CONNECT_UNROUTABLE] =
        {
            .name = "connect_unroutable",
            .status = 502,
            .socks = 3,
            .proxy_error = "destination_ip_unroutable",
            .next_hop = true,
            .hop_fault = true,
            .doctor = "TCP-01",
            .reason = "Proxy Not Reachable",
            .help = "There is no route to the address: check the network and "
                    "that the VPN is up.",
            .reason_direct = "Server Not Reachable",
            .help_direct =
                "There is no route to the address: check the network, and whether it must be reached through the proxy.",
        },
    [OUTCOME_TLS_PROTOCOL] =
        {
            .name = "tls_protocol",
            .status = 502,
            .proxy_error = "tls_protocol_error",
            .next_hop = true,
            .hop_fault = true,
            .doctor = "TLS-10",
            .reason = "Proxy TLS Handshake Failed",
            .help = "Write http:// instead of https:// for this proxy unless "
                    "its port really speaks TLS 1.2 or newer.",
            .reason_direct = "TLS Handshake Failed",
            .help_direct = "Check that the port speaks TLS 1.2 or newer.",
        },
    [OUTCOME_TLS_CERTIFICATE] =
        {
            .name = "tls_certificate",
            .status = 502,
            .proxy_error = "tls_certificate_error",
            .next_hop = true,
            .hop_fault = true,
            .doctor = "TLS-02",
            .reason = "Proxy Certificate Not Trusted",
            .help = "Name the file with the corporate CA in `tls: {ca: "
                    "[FILE]}`, and check that the proxy's name is the one in "
                    "its certificate.",
            .reason_direct = "Certificate Not Trusted",
            .help_direct =
                "Check the name, and hold the CA with `ccgate ca import FILE`.",
        },
    [OUTCOME_TLS_ALERT] =
        {
            .name = "tls_alert",
            .status = 502,
            .proxy_error = "tls_alert_received",
            .next_hop = true,
            .hop_fault = true,
            .doctor = "TLS-10",
            .reason = "Proxy Sent A TLS Alert",
            .help = "The proxy refused the TLS handshake: ask its operators "
                    "which TLS versions and client certificates it wants.",
            .reason_direct = "Server Sent A TLS Alert",
            .help_direct =
                "The server refused the TLS handshake: ask its operators which TLS versions it wants.",
        },
    [OUTCOME_TLS_TIMEOUT] =
        {
            .name = "tls_timeout",
            .status = 504,
            .proxy_error = "connection_timeout",
            .next_hop = true,
            .hop_fault = true,
            .doctor = "TLS-12",
            .reason = "Proxy TLS Handshake Timed Out",
            .help = "Check that the proxy's port speaks TLS; a middlebox may "
                    "drop large handshakes: tell its operators.",
            .reason_direct = "TLS Handshake Timed Out",
            .help_direct =
                "Check that the port speaks TLS; a middlebox may drop large handshakes.",
        },
    [OUTCOME_SOCKS_BROKEN] =
        {
            .name = "socks_broken",
            .status = 502,
            .proxy_error = "http_protocol_error",
            .next_hop = true,
            .hop_fault = true,
            .doctor = "CONN-04",
            .reason = "No SOCKS Proxy Of This Version",
            .help = "Check the proxy's port, and whether it is socks5://, socks4:// "
                    "or http://.",
        },
    [OUTCOME_SOCKS_TIMEOUT] =
        {
            .name = "socks_timeout",
            .status = 504,
            .proxy_error = "connection_timeout",
            .next_hop = true,
            .hop_fault = true,
            .doctor = "CONN-04",
            .reason = "SOCKS Proxy Does Not Greet",
            .help = "Check that the proxy's port speaks SOCKS5: it took the "
                    "connection and did not answer the greeting.",
        },
    [OUTCOME_SOCKS_FAILED] =
        {
            .name = "socks_failed",
            .status = 502,
            .socks = 4,
            .proxy_error = "destination_unavailable",
            .next_hop = true,
            .doctor = "CONN-03",
            .reason = "SOCKS Proxy Opened No Connection",
            .help = "The proxy does not say whether it or the target is the cause: "
                    "check the target's name, and ask the proxy's operators.",
        },
    [OUTCOME_HOP_CLOSED] =
        {
            .name = "hop_closed",
            .status = 502,
            .proxy_error = "connection_terminated",
            .next_hop = true,
            .hop_fault = true,
            .doctor = "CONN-03",
            .reason = "Proxy Closed Without Answer",
            .help = "The proxy took the connection and closed it without a word: "
                    "check its port; it may be down behind a load balancer.",
        },
    [OUTCOME_LOGIN_NO_CREDENTIALS] =
        {
            .name = "login_no_credentials",
            .status = 403,
            .proxy_error = "http_request_denied",
            .doctor = "AUTH-01",
            .reason = "Proxy Login Needed",
            .help = "Give ccgate a login for this proxy: `username:` and "
                    "`password_file:`, and where `auth_hosts:` is set, the proxy's "
                    "name there; then run `ccgate reload`.",
        },
    [OUTCOME_LOGIN_REJECTED] =
        {
            .name = "login_rejected",
            .status = 403,
            .proxy_error = "http_request_denied",
            .doctor = "AUTH-07",
            .reason = "Proxy Login Rejected",
            .help = "Correct the user name or the password in the "
                    "configuration, then run `ccgate reload`; until then this "
                    "process does not send the password again.",
        },
    [OUTCOME_LOGIN_REFUSED] =
        {
            .name = "login_refused",
            .status = 403,
            .proxy_error = "http_request_denied",
            .doctor = "AUTH-08",
            .reason = "Target Refused By Proxy",
            .help = "The login is right, but this proxy refuses the target to it: ask "
                    "its operators to allow it. It is asked again after ten minutes, "
                    "unless it never accepted the login.",
        },
    [OUTCOME_LOGIN_HELD] =
        {
            .name = "login_held",
            .status = 403,
            .proxy_error = "http_request_denied",
            .doctor = "AUTH-09",
            .reason = "Proxy Login Held Back",
            .help = "These credentials were rejected and are not sent again: "
                    "correct the password and run `ccgate reload`, or run "
                    "`ccgate auth rearm` to try them once more.",
        },
    [OUTCOME_LOGIN_SCHEME] =
        {
            .name = "login_scheme",
            .status = 403,
            .proxy_error = "http_request_denied",
            .doctor = "AUTH-02",
            .reason = "Proxy Login Scheme Not Supported",
            .help = "Run `ccgate status` to see the hop and ask its operators "
                    "for a login scheme that ccgate can do.",
        },
    [OUTCOME_LOGIN_BROKEN] =
        {
            .name = "login_broken",
            .status = 403,
            .proxy_error = "http_request_denied",
            .doctor = "AUTH-08",
            .reason = "Proxy Login Broken",
            .help = "The proxy asks for a login in a way that cannot be "
                    "answered: tell its operators, with the log line of this "
                    "request.",
        },
    [OUTCOME_LOGIN_TIMEOUT] =
        {
            .name = "login_timeout",
            .status = 403,
            .proxy_error = "http_request_denied",
            .doctor = "AUTH-06",
            .reason = "Proxy Login Timed Out",
            .help = "The proxy did not answer the login in time: try again, and "
                    "tell its operators if it stays.",
        },
    [OUTCOME_ANSWER_BROKEN] =
        {
            .name = "answer_broken",
            .status = 502,
            .proxy_error = "http_protocol_error",
            .doctor = "CONN-04",
            .reason = "Upstream Answer Not Valid",
            .help = "The upstream answered with something else than what is "
                    "spoken there: check the proxy's port, and whether it is "
                    "http://, https:// or socks5://.",
        },
    [OUTCOME_ANSWER_INCOMPLETE] =
        {
            .name = "answer_incomplete",
            .status = 502,
            .proxy_error = "http_response_incomplete",
            .doctor = "CONN-03",
            .reason = "Upstream Answer Incomplete",
            .help = "The upstream closed in the middle of its answer: try "
                    "again, and tell its operators if it stays.",
        },
    [OUTCOME_ANSWER_NONE] =
        {
            .name = "answer_none",
            .status = 502,
            .proxy_error = "connection_terminated",
            .doctor = "CONN-03",
            .reason = "Upstream Closed Without Answer",
            .help = "The upstream closed the connection without an answer: try "
                    "again, and tell its operators if it stays.",
        },
    [OUTCOME_ANSWER_TOO_LARGE] =
        {
            .name = "answer_too_large",
            .status = 502,
            .proxy_error = "http_response_header_section_size",
            .doctor = "STR-05",
            .reason = "Upstream Answer Head Too Large",
            .help = "The head of an answer may have 64 KiB and 512 fields: tell "
                    "the operators of the upstream.",
        },
    [OUTCOME_ANSWER_TIMEOUT] =
        {
            .name = "answer_timeout",
            .status = 504,
            .socks = 6,
            .proxy_error = "http_response_timeout",
            .doctor = "CONN-03",
            .reason = "Upstream Answer Timed Out",
            .help = "The upstream was reached and did not answer in time: it "
                    "may not reach the target; try again.",
        },
    [OUTCOME_CONNECT_DENIED] =
        {
            .name = "connect_denied",
            .status = 502,
            .socks = 2,
            .proxy_error = "http_request_denied",
            .doctor = "CONN-01",
            .reason = "Target Denied By Proxy",
            .help = "The proxy refused this target: ask its operators to allow "
                    "the host and port.",
        },
    [OUTCOME_CONNECT_FAILED] =
        {
            .name = "connect_failed",
            .status = 502,
            .socks = 4,
            .proxy_error = "destination_unavailable",
            .doctor = "CONN-03",
            .reason = "Target Not Reached By Proxy",
            .help = "The proxy could not reach the target: its name may be wrong "
                    "or it may be down; ask the proxy's operators if it stays.",
        },
    [OUTCOME_CONNECT_PORTAL] =
        {
            .name = "connect_portal",
            .status = 502,
            .proxy_error = "http_protocol_error",
            .doctor = "CONN-04",
            .reason = "Redirected To A Login Or Block Page",
            .help = "A login portal or a block page answered: open a browser, log "
                    "in to the network, and try again.",
        },
    [OUTCOME_CONNECT_UNAUTHORIZED] =
        {
            .name = "connect_unauthorized",
            .status = 502,
            .proxy_error = "http_protocol_error",
            .doctor = "AUTH-08",
            .reason = "Proxy Answered 401",
            .help = "The proxy answered 401, which asks for no proxy login (407 "
                    "does), so none was sent: tell its operators.",
        },
    [OUTCOME_IDLE_TIMEOUT] =
        {
            .name = "idle_timeout",
            .status = 0,
            .doctor = "STR-02",
            .reason = "Idle Limit Reached",
            .help = "A configured idle limit ended the connection: raise or "
                    "remove it if the stream was alive.",
        },
    [OUTCOME_INTERNAL] =
        {
            .name = "internal_error",
            .status = 500,
            .proxy_error = "proxy_internal_error",
            .doctor = "DAE-07",
            .reason = "Proxy Internal Error",
            .help = "Run `ccgate status` and look into the log: memory or "
                    "descriptors may have run out.",
        },
};

const struct outcome_info *outcome_info(enum outcome outcome)
{
    if ((unsigned)outcome >= OUTCOME_COUNT)
        outcome = OUTCOME_INTERNAL;
    return &TABLE[outcome];
}

const char *outcome_reason(enum outcome outcome, bool direct)
{
    const struct outcome_info *info = outcome_info(outcome);

    return direct && info->reason_direct ? info->reason_direct : info->reason;
}

const char *outcome_help(enum outcome outcome, bool direct)
{
    const struct outcome_info *info = outcome_info(outcome);

    return direct && info->help_direct ? info->help_direct : info->help;
}

uint8_t outcome_socks_reply(enum outcome outcome)
{
    uint8_t reply = outcome_info(outcome)->socks;

    return reply == 0 && outcome != OUTCOME_OK ? SOCKS_FAILED : reply;
}
