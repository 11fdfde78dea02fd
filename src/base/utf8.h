/*
 * utf8: telling text from other bytes.
 */
#ifndef CCGATE_BASE_UTF8_H
#define CCGATE_BASE_UTF8_H

#include <stddef.h>

/*
 * The length of the well-formed UTF-8 sequence of several bytes at the start of n > 0
 * bytes (RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF), or 0.
 */
size_t utf8_length(const unsigned char *s, size_t n);

#endif
