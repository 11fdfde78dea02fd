/*
 * tls: the lists below `tls`.
 */
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

#define PIN_SCHEME "sha256//"

static void lower(char *text)
{
    for (; *text != '\0'; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_host(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] <= ' ' || s.at[i] == 0x7f || strchr("/@?#*,", s.at[i]) != NULL)
            return false;
    return s.len > 0;
}

void build_tls_ca(struct build *b, const struct node *item)
{
    string_add(b, &b->config->tls_ca, build_path(b, item, node_span(item)));
}

/* As openssl prints it, with colons, or without. */
void build_tls_weak_ca(struct build *b, const struct node *item)
{
    struct span text = node_span(item);
    char digits[65];
    size_t n = 0;

    for (size_t i = 0; i < text.len && n < sizeof(digits); i++)
        if (is_hex(text.at[i]))
            digits[n++] = text.at[i];
        else if (text.at[i] != ':')
            n = sizeof(digits);
    if (n != sizeof(digits) - 1) {
        report_error(b->report, item,
                     "a CA is named by its SHA-256 fingerprint, 64 hexadecimal digits: "
                     "openssl x509 -fingerprint -sha256 shows it");
        return;
    }
    digits[n] = '\0';
    lower(digits);
    string_add(b, &b->config->tls_weak_ca, build_dup(b, span_of(digits)));
}

static bool is_pin(struct span s)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                 "0123456789+/";
    const size_t scheme = sizeof(PIN_SCHEME) - 1;

    if (s.len != scheme + 44 || !span_starts(s, SPAN(PIN_SCHEME)) ||
        s.at[s.len - 1] != '=')
        return false;
    for (size_t i = scheme; i < s.len - 1; i++)
        if (s.at[i] == '\0' || strchr(base64, s.at[i]) == NULL)
            return false;
    return true;
}

void build_tls_pin(struct build *b, const struct node *item)
{
    struct span text = node_span(item);
    size_t blank = span_find(text, ' ');
    struct span host = {text.at, blank};
    struct span pin = span_trim(span_skip(text, blank));
    char *line;

    if (!is_host(host) || !is_pin(pin)) {
        report_error(b->report, item,
                     "a pin is written as \"HOST sha256//BASE64\", the SHA-256 of the "
                     "certificate's public key in base64, as curl wants it");
        return;
    }
    line = build_dup(b, text);
    if (line == NULL)
        return;
    memcpy(line + host.len + 1, pin.at, pin.len);
    line[host.len + 1 + pin.len] = '\0';
    line[host.len] = '\0';
    lower(line);
    line[host.len] = ' ';
    string_add(b, &b->config->tls_pins, line);
}

void build_tls_legacy(struct build *b, const struct node *item)
{
    char *host;

    if (!is_host(node_span(item))) {
        report_error(b->report, item, "the name or address of a host is needed here");
        return;
    }
    host = build_dup(b, node_span(item));
    if (host != NULL)
        lower(host);
    string_add(b, &b->config->tls_legacy, host);
}
