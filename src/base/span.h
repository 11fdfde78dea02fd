/*
 * span: a view of bytes that somebody else owns. Never NUL-terminated by contract.
 *
 * Nothing here allocates except span_dup(). A span is passed by value.
 */
#ifndef CCGATE_BASE_SPAN_H
#define CCGATE_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
    const char *at;
    size_t len;
};

/* A span of a string literal. */
#define SPAN(literal) ((struct span){"" literal, sizeof(literal) - 1})

/* For printf: "%.*s", SPAN_ARG(s). */
#define SPAN_ARG(s) (int)(s).len, (s).at

/* A view of a C string; NULL gives an empty span. */
struct span span_of(const char *text);

bool span_equal(struct span a, struct span b);

/* Compares ASCII letters without case; other bytes exactly. */
bool span_equal_nocase(struct span a, struct span b);

bool span_starts(struct span s, struct span prefix);
bool span_starts_nocase(struct span s, struct span prefix);
bool span_ends_nocase(struct span s, struct span suffix);

/* Without SP and HTAB at both ends (OWS of RFC 9110 section 5.6.3). */
struct span span_trim(struct span s);

/* Without the blanks of C's isspace() at both ends, and whether a byte is one. */
struct span span_strip(struct span s);
bool span_is_blank(char c);

/* Drops the first n bytes; n > len gives an empty span at the end. */
struct span span_skip(struct span s, size_t n);

/* The index of the first byte c, or s.len. */
size_t span_find(struct span s, char c);

/*
 * Cuts the next item off a list: *item is what stands before the first byte of
 * separators, *rest what stands behind it. Returns false when *rest was exhausted.
 */
bool span_next(struct span *rest, const char *separators, struct span *item);

/* 1*DIGIT to a number. False for an empty span, another byte, or overflow. */
bool span_to_u64(struct span s, uint64_t *value);

/* The value of a hexadecimal digit, or -1. */
int span_hex_digit(char c);

/* A NUL-terminated copy, to be freed by the caller; NULL when memory is out. */
char *span_dup(struct span s);

#endif
