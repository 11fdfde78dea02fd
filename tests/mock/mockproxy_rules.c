/*
 * mockproxy: its behaviour as data. Options, which a file of rules may also give, one
 * on each line without the dashes; what becomes of a request; heads on their way.
 */
#include "mockproxy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULES 64

struct mapping {
    char name[256]; /* provider.test:443 */
    struct sockaddr_in address;
};

struct denial {
    char host[256];
    int status;
};

static struct {
    char listen[64];
    char login[512];  /* base64 of USER:PASS; empty: no Basic login is asked for */
    const char *ntlm; /* the name that an NTLM login goes by, if one is */
    struct mapping maps[RULES];
    size_t map_count;
    struct denial denials[RULES];
    size_t denial_count;
    bool print;
    bool close_after_407;
    double kill_idle, kill_after; /* milliseconds; 0: no */
    unsigned long failed_logins, killed;
} rules = {.listen = "127.0.0.1:0"};

/* ---- options ---- */

static void base64(const char *text, char *out, size_t size)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = strlen(text);
    size_t used = 0;

    if ((len + 2) / 3 * 4 + 1 > size)
        mock_fail("the login is too long");
    for (size_t i = 0; i < len; i += 3) {
        uint32_t bits = (uint32_t)(unsigned char)text[i] << 16;

        if (i + 1 < len)
            bits |= (uint32_t)(unsigned char)text[i + 1] << 8;
        if (i + 2 < len)
            bits |= (uint32_t)(unsigned char)text[i + 2];
        out[used++] = digits[bits >> 18 & 63];
        out[used++] = digits[bits >> 12 & 63];
        out[used++] = i + 1 < len ? digits[bits >> 6 & 63] : '=';
        out[used++] = i + 2 < len ? digits[bits & 63] : '=';
    }
    out[used] = '\0';
}

static void add_map(const char *value)
{
    struct mapping *map = &rules.maps[rules.map_count];
    const char *sign = strchr(value, '=');

    if (rules.map_count == RULES || sign == NULL ||
        !mock_address(sign + 1, &map->address))
        mock_fail("--map wants HOST:PORT=ADDRESS:PORT, not %s", value);
    snprintf(map->name, sizeof(map->name), "%.*s", (int)(sign - value), value);
    rules.map_count++;
}

static void add_denial(const char *value)
{
    struct denial *denial = &rules.denials[rules.denial_count];

    if (rules.denial_count == RULES ||
        sscanf(value, "%255[^=]=%3d", denial->host, &denial->status) != 2)
        mock_fail("--deny wants HOST=STATUS, not %s", value);
    rules.denial_count++;
}

static void add_login(const char *value)
{
    static const struct {
        const char *word, *scheme;
    } ntlm[] = {{"ntlm:", "NTLM"}, {"negotiate:", "Negotiate"}};

    for (size_t i = 0; i < sizeof(ntlm) / sizeof(ntlm[0]); i++) {
        size_t len = strlen(ntlm[i].word);

        if (strncmp(value, ntlm[i].word, len) == 0) {
            ntlm_account(value + len);
            rules.ntlm = ntlm[i].scheme;
            return;
        }
    }
    if (strncmp(value, "basic:", 6) != 0 || strchr(value + 6, ':') == NULL)
        mock_fail("--auth wants basic:USER:PASS, ntlm:DOMAIN:USER:PASS or "
                  "negotiate:DOMAIN:USER:PASS");
    base64(value + 6, rules.login, sizeof(rules.login));
}

static void read_rules(const char *path);

/* Returns whether the value was used. */
static bool option(const char *name, const char *value)
{
    if (strcmp(name, "print") == 0) {
        rules.print = true;
        return false;
    }
    if (strcmp(name, "close-after-407") == 0) {
        rules.close_after_407 = true;
        return false;
    }
    if (value == NULL)
        mock_fail("--%s is unknown or wants a value", name);
    if (strcmp(name, "listen") == 0)
        snprintf(rules.listen, sizeof(rules.listen), "%s", value);
    else if (strcmp(name, "auth") == 0)
        add_login(value);
    else if (strcmp(name, "map") == 0)
        add_map(value);
    else if (strcmp(name, "deny") == 0)
        add_denial(value);
    else if (strcmp(name, "kill-idle") == 0)
        rules.kill_idle = strtod(value, NULL);
    else if (strcmp(name, "kill-after") == 0)
        rules.kill_after = strtod(value, NULL);
    else if (strcmp(name, "rules") == 0)
        read_rules(value);
    else
        mock_fail("--%s is unknown", name);
    return true;
}

static void read_rules(const char *path)
{
    char line[1024];
    FILE *file = fopen(path, "r");

    if (file == NULL)
        mock_fail("%s cannot be read", path);
    while (fgets(line, sizeof(line), file) != NULL) {
        char name[64];
        char value[900];
        int words;

        line[strcspn(line, "\r\n")] = '\0';
        words = sscanf(line, "%63s %899s", name, value);
        if (words >= 1 && name[0] != '#')
            option(name, words == 2 ? value : NULL);
    }
    fclose(file);
}

static void usage(void)
{
    puts(
        "usage: mockproxy [--listen ADDRESS:PORT]\n"
        "                 [--auth basic:USER:PASS | --auth ntlm:DOMAIN:USER:PASS |\n"
        "                  --auth negotiate:DOMAIN:USER:PASS (NTLM by that name)]\n"
        "                 [--map HOST:PORT=ADDRESS:PORT]... [--deny HOST=STATUS]...\n"
        "                 [--close-after-407] [--print] [--rules FILE]\n"
        "                 [--kill-idle MS] [--kill-after MS]\n"
        "--kill-idle breaks off every second tunnel that was silent for so long, when\n"
        "its client's first bytes come; --kill-after some that are silent for so long.\n"
        "FIN and RST take turns.");
    exit(0);
}

void proxy_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            usage();
        if (strncmp(argv[i], "--", 2) != 0)
            mock_fail("%s is no option", argv[i]);
        if (option(argv[i] + 2, i + 1 < argc ? argv[i + 1] : NULL))
            i++;
    }
}

const char *proxy_listen(void)
{
    return rules.listen;
}

/* ---- what becomes of a request ---- */

void proxy_print(const struct session *s, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    if (!rules.print)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    mock_say("proxy    #%lu %s", s->number, text);
}

/* "host:port" of a CONNECT or an absolute-form target; false if it is neither. */
static bool authority_of(const struct session *s, char *text, size_t size)
{
    const char *at = s->head.target;
    size_t len;

    if (s->tunnel) {
        snprintf(text, size, "%.*s", (int)size - 1, at);
        return strchr(at, ':') != NULL;
    }
    if (strncasecmp(at, "http://", 7) != 0)
        return false;
    at += 7;
    len = strcspn(at, "/?#");
    if (memchr(at, ':', len) != NULL)
        snprintf(text, size, "%.*s", (int)len, at);
    else
        snprintf(text, size, "%.*s:80", (int)len, at);
    return len > 0;
}

static bool login_wanted(void)
{
    return rules.ntlm != NULL || rules.login[0] != '\0';
}

static bool ntlm_ok(struct session *s, const char *value, struct mock_buf *challenge)
{
    size_t len = strlen(rules.ntlm);
    bool ours = strncasecmp(value, rules.ntlm, len) == 0 && value[len] == ' ';

    switch (ours ? ntlm_take(s, value + len + 1, challenge) : NTLM_FAILED) {
    case NTLM_CHALLENGED:
        proxy_print(s, "NTLM: the first message");
        return false;
    case NTLM_ACCEPTED:
        proxy_print(s, "login accepted");
        s->logged_in = true;
        return true;
    case NTLM_FAILED:
        break;
    }
    rules.failed_logins++;
    mock_say("proxy    #%lu failed login, %lu in all", s->number, rules.failed_logins);
    return false;
}

/* challenge: becomes what an NTLM login goes on with, if it does. */
static bool login_ok(struct session *s, struct mock_buf *challenge)
{
    char value[4096];
    const char *token = value;

    if (!login_wanted() || s->logged_in)
        return true;
    if (!mock_field(&s->head, "Proxy-Authorization", value, sizeof(value))) {
        proxy_print(s, "no login was sent");
        return false;
    }
    if (rules.ntlm != NULL)
        return ntlm_ok(s, value, challenge);
    if (strncasecmp(token, "Basic ", 6) == 0) {
        token += 6;
        token += strspn(token, " ");
        if (strcmp(token, rules.login) == 0) {
            proxy_print(s, "login accepted");
            return true;
        }
    }
    rules.failed_logins++;
    mock_say("proxy    #%lu failed login, %lu in all", s->number, rules.failed_logins);
    return false;
}

static int denied(const char *authority)
{
    size_t len = strcspn(authority, ":");

    for (size_t i = 0; i < rules.denial_count; i++)
        if (strlen(rules.denials[i].host) == len &&
            strncasecmp(rules.denials[i].host, authority, len) == 0)
            return rules.denials[i].status;
    return 0;
}

static const struct mapping *mapping_of(const char *authority)
{
    for (size_t i = 0; i < rules.map_count; i++)
        if (strcasecmp(rules.maps[i].name, authority) == 0)
            return &rules.maps[i];
    return NULL;
}

static void refuse_login(struct session *s, const struct mock_buf *challenge)
{
    char fields[4096] = "Proxy-Authenticate: Basic realm=\"corp\"\r\n";

    if (rules.ntlm != NULL)
        snprintf(fields, sizeof(fields), "Proxy-Authenticate: %s%s%.*s\r\n", rules.ntlm,
                 challenge->len > 0 ? " " : "", (int)challenge->len,
                 challenge->len > 0 ? challenge->at : "");
    if (rules.close_after_407 && challenge->len == 0)
        s->keep = false;
    session_answer(s, 407, "Proxy Authentication Required", fields,
                   "<html><title>Login required</title>"
                   "<p>This proxy wants a user name and a password.</html>\n");
}

static bool keeps_connection(const struct mock_head *head)
{
    if (mock_field_has(head, "Connection", "close") ||
        mock_field_has(head, "Proxy-Connection", "close"))
        return false;
    return head->minor == 1 || mock_field_has(head, "Connection", "keep-alive");
}

void proxy_decide(struct session *s)
{
    char authority[512];
    struct mock_buf challenge = {0};
    const struct mapping *map;
    int status;

    s->tunnel = strcmp(s->head.method, "CONNECT") == 0;
    s->keep = keeps_connection(&s->head);
    s->answer_begun = s->answer_framed = false;
    mock_body_start(&s->body, &s->head);
    if (s->tunnel)
        s->body = (struct mock_body){.ended = true};
    if (!s->body.ended && login_wanted())
        s->keep = false; /* unless the login is good, the body would have to be read */
    proxy_print(s, "%s %s", s->head.method, s->head.target);
    if (!authority_of(s, authority, sizeof(authority))) {
        s->keep = false;
        session_answer(s, 400, "Bad Request", "", "<title>no such target</title>\n");
        return;
    }
    if (!login_ok(s, &challenge)) {
        refuse_login(s, &challenge);
        mock_clear(&challenge);
        return;
    }
    s->keep = keeps_connection(&s->head);
    status = denied(authority);
    map = mapping_of(authority);
    if (status == 0 && map == NULL)
        status = 502;
    if (status != 0) {
        s->keep = s->keep && s->body.ended;
        session_answer(s, status, status == 403 ? "Forbidden" : "Bad Gateway", "",
                       status == 403
                           ? "<html><title>Blocked by policy</title></html>\n"
                           : "<html><title>The host is not known</title></html>\n");
        return;
    }
    s->origin = (struct side){.fd = mock_connect(&map->address)};
    if (s->origin.fd < 0)
        mock_fail("no connection to an origin can be made");
    s->phase = PHASE_CONNECTING;
}

/* ---- tunnels that are broken off ---- */

int proxy_patience(void)
{
    return rules.kill_after > 0 ? 10 : 200;
}

bool proxy_kills(const struct session *s, bool bytes, bool *reset)
{
    double silent = mock_now() - s->opened;
    /* Not all at the same age, so that some are broken off as they are taken. */
    double after = rules.kill_after * (1 + (double)(s->number % 7) / 7);

    if (bytes ? rules.kill_idle <= 0 || silent < rules.kill_idle || s->number % 2 != 0
              : rules.kill_after <= 0 || silent < after || s->number % 4 != 1)
        return false;
    *reset = rules.killed++ % 2 != 0;
    mock_say("proxy    #%lu killed by %s %s", s->number, *reset ? "RST" : "FIN",
             bytes ? "at its first bytes" : "in silence");
    return true;
}

/* ---- heads on their way ---- */

static bool hop_by_hop(const char *line)
{
    static const char *const names[] = {"Connection:", "Proxy-Connection:",
                                        "Keep-Alive:", "Proxy-Authorization:", NULL};

    for (size_t i = 0; names[i] != NULL; i++)
        if (strncasecmp(line, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* All field lines but the hop-by-hop ones. */
static void copy_fields(const struct mock_head *head, struct mock_buf *out)
{
    const char *line = strstr(head->text, "\r\n") + 2;

    while (strncmp(line, "\r\n", 2) != 0) {
        size_t len = (size_t)(strstr(line, "\r\n") - line) + 2;

        if (!hop_by_hop(line))
            mock_add(out, line, len);
        line += len;
    }
}

/* The origin is asked to close, which marks the end of its answer. */
void proxy_request(struct session *s, struct mock_buf *out)
{
    const char *path = s->head.target + 7 + strcspn(s->head.target + 7, "/?#");
    bool upgrade = mock_field_has(&s->head, "Connection", "upgrade");

    mock_format(out, "%s ", s->head.method);
    if (path[0] != '/')
        mock_text(out, "/");
    mock_text(out, path);
    mock_text(out, " HTTP/1.1\r\n");
    copy_fields(&s->head, out);
    mock_format(out, "Via: 1.1 mockproxy\r\nConnection: %s\r\n\r\n",
                upgrade ? "Upgrade" : "close");
}

static void final_head(struct session *s, const struct mock_head *head)
{
    bool no_body = strcmp(s->head.method, "HEAD") == 0 || head->status == 204 ||
                   head->status == 304;

    s->answer_begun = true;
    s->answer_framed = no_body ||
                       mock_field_has(head, "Transfer-Encoding", "chunked") ||
                       mock_field_has(head, "Content-Length", "");
    if (head->status == 101) {
        s->phase = PHASE_TUNNEL;
        s->keep = false;
    }
    proxy_print(s, "origin answers %d", head->status);
}

void proxy_response(struct session *s, const char *bytes, size_t len)
{
    if (s->answer_begun) {
        mock_add(&s->client.out, bytes, len);
        return;
    }
    mock_add(&s->answer, bytes, len);
    while (!s->answer_begun && s->answer.len > 0) {
        struct mock_head head;

        if (mock_head_response(&head, &s->answer) != MOCK_DONE) {
            mock_head_clear(&head);
            return;
        }
        mock_drop(&s->answer, head.size);
        mock_add(&s->client.out, head.text, strcspn(head.text, "\r") + 2);
        copy_fields(&head, &s->client.out);
        if (head.status >= 200 || head.status == 101)
            final_head(s, &head);
        mock_format(&s->client.out, "Via: 1.1 mockproxy\r\n%s\r\n",
                    head.status == 101 ? "Connection: Upgrade\r\n"
                    : head.status < 200 || (s->keep && s->answer_framed)
                        ? ""
                        : "Connection: close\r\n");
        mock_head_clear(&head);
    }
    mock_add(&s->client.out, s->answer.at, s->answer.len);
    mock_clear(&s->answer);
}
