/*
 * secret: bytes that must never be shown. A type of its own, so that no formatter, log
 * field or dump takes it; wiped when freed. The memory is locked and left out of core
 * dumps where the system allows it.
 */
#ifndef CCGATE_CONFIG_SECRET_H
#define CCGATE_CONFIG_SECRET_H

#include "base/span.h"

#define SECRET_LIMIT 1024 /* bytes at most */

struct secret;

/* A copy of the bytes; NULL when memory is out or len > SECRET_LIMIT. */
struct secret *secret_new(struct span bytes);

/* A reference more, or one less (the last wipes and frees). NULL-safe, any thread. */
struct secret *secret_ref(struct secret *secret);
void secret_free(struct secret *secret);

/* The bytes, for whoever computes a login. Valid while a reference is held. */
struct span secret_reveal(const struct secret *secret);

/* Constant time for equal lengths. Two NULLs are equal. */
bool secret_equal(const struct secret *a, const struct secret *b);

/*
 * Reads a password from a file: its first line without LF or CR LF, nothing else
 * trimmed. The file must be a regular file of ours (or root's) that nobody else may
 * read; a link is followed only if it is ours or root's. A second line, a NUL, bytes
 * that are no UTF-8, an empty first line or more than SECRET_LIMIT bytes are refused.
 * Returns NULL and fills why (never with content) on failure.
 */
struct secret *secret_from_file(const char *path, char *why, size_t why_size);

/*
 * Puts the secret into a file of mode 0600, in place of the one before and not before
 * all of it is on the disk; makes folders that are missing. False and why, with the
 * path.
 */
bool secret_to_file(const char *path, const struct secret *secret, char *why,
                    size_t why_size);

/*
 * The first line of a text by the same rules for content. rest: further lines may
 * follow, and are ignored.
 */
struct secret *secret_from_text(struct span text, bool rest, char *why,
                                size_t why_size);

/* The same for what can be read from a descriptor, a line alone. */
struct secret *secret_from_fd(int fd, char *why, size_t why_size);

/* The 16 bytes that 32 hexadecimal digits stand for; NULL and why for other text. */
struct secret *secret_from_hex(const struct secret *digits, char *why, size_t why_size);

/*
 * The same rules for content, not for the mode, of $CREDENTIALS_DIRECTORY/NAME. NULL
 * with an empty why when there is no such credential.
 */
struct secret *secret_from_credential(const char *name, char *why, size_t why_size);

/* Takes the value of an environment variable and removes it from the environment. */
struct secret *secret_from_environment(const char *variable, char *why,
                                       size_t why_size);

/* Overwrites bytes in a way that the compiler does not leave out. */
void secret_wipe(void *bytes, size_t len);

/* Asks on the terminal without echo; NULL without a terminal or on end of input. */
struct secret *secret_from_prompt(const char *prompt, char *why, size_t why_size);

#endif
