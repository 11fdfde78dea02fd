/*
 * value: what passes between a script and a helper, free of any engine.
 */
#include "pac/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_TEXT 64  /* longer texts are no numbers that a helper could use */
#define SHOWN       200 /* bytes of a string in a trace */

/* Digits at the begin of *s, which are taken off; NaN if there are none. */
static double take_digits(struct span *s, int base)
{
    double value = NAN;

    while (s->len > 0) {
        int digit = span_hex_digit(s->at[0]);

        if (digit < 0 || digit >= base)
            break;
        value = (isnan(value) ? 0 : value) * base + digit;
        *s = span_skip(*s, 1);
    }
    return value;
}

static bool take_prefix_0x(struct span *s)
{
    if (!span_starts_nocase(*s, SPAN("0x")))
        return false;
    *s = span_skip(*s, 2);
    return true;
}

/* StrDecimalLiteral: what strtod() takes, less its hexadecimals, nan and infinities. */
static double decimal(struct span s)
{
    char text[NUMBER_TEXT];
    char *end;
    double value;

    if (s.len == 0 || s.len >= sizeof(text))
        return NAN;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '\0' || strchr("0123456789+-.eE", s.at[i]) == NULL)
            return NAN;
    }
    memcpy(text, s.at, s.len);
    text[s.len] = '\0';
    value = strtod(text, &end);
    return *end == '\0' ? value : NAN;
}

static double text_number(struct span s)
{
    double value;

    s = span_strip(s);
    if (s.len == 0)
        return 0;
    if (span_equal(s, SPAN("Infinity")) || span_equal(s, SPAN("+Infinity")))
        return INFINITY;
    if (span_equal(s, SPAN("-Infinity")))
        return -INFINITY;
    if (!take_prefix_0x(&s))
        return decimal(s);
    value = take_digits(&s, 16);
    return s.len == 0 ? value : NAN;
}

double value_number(const struct value *v)
{
    switch (v->kind) {
    case VALUE_UNDEFINED:
        return NAN;
    case VALUE_NULL:
        return 0;
    case VALUE_BOOL:
        return v->boolean;
    case VALUE_NUMBER:
        return v->number;
    case VALUE_STRING:
        return text_number(v->text);
    case VALUE_OBJECT:
        break;
    }
    return NAN;
}

static double text_integer(struct span s)
{
    double sign = 1;

    s = span_strip(s);
    if (s.len > 0 && (s.at[0] == '+' || s.at[0] == '-')) {
        sign = s.at[0] == '-' ? -1 : 1;
        s = span_skip(s, 1);
    }
    if (take_prefix_0x(&s))
        return sign * take_digits(&s, 16);
    return sign * take_digits(&s, 10);
}

double value_integer(const struct value *v)
{
    if (v->kind == VALUE_STRING)
        return text_integer(v->text);
    /* Through its text, in which very large and small numbers have an exponent. */
    if (v->kind != VALUE_NUMBER || !isfinite(v->number) || fabs(v->number) >= 1e21)
        return NAN;
    if (v->number != 0 && fabs(v->number) < 1e-6) {
        char text[NUMBER_TEXT];

        (void)snprintf(text, sizeof(text), "%e", v->number);
        return text_integer(span_of(text));
    }
    return trunc(v->number);
}

bool value_is(const struct value *v, const char *text)
{
    return v->kind == VALUE_STRING && span_equal(v->text, span_of(text));
}

static void show_text(struct span text, struct buf *out)
{
    size_t shown = text.len < SHOWN ? text.len : SHOWN;

    (void)buf_append_text(out, "\"");
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if (c == '"' || c == '\\')
            (void)buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            (void)buf_printf(out, "\\x%02x", c);
        else
            (void)buf_append(out, text.at + i, 1);
    }
    (void)buf_append_text(out, shown < text.len ? "...\"" : "\"");
}

void value_show(const struct value *v, struct buf *out)
{
    switch (v->kind) {
    case VALUE_UNDEFINED:
        (void)buf_append_text(out, "undefined");
        break;
    case VALUE_NULL:
        (void)buf_append_text(out, "null");
        break;
    case VALUE_BOOL:
        (void)buf_append_text(out, v->boolean ? "true" : "false");
        break;
    case VALUE_NUMBER:
        (void)buf_printf(out, "%.15g", v->number);
        break;
    case VALUE_STRING:
        show_text(v->text, out);
        break;
    case VALUE_OBJECT:
        (void)buf_append_text(out, "{...}");
        break;
    }
}
