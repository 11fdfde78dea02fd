/*
 * chain_internal: what the files of chain share. Nobody else includes this.
 */
#ifndef CCGATE_CERTS_CHAIN_INTERNAL_H
#define CCGATE_CERTS_CHAIN_INTERNAL_H

#include "certs/chain.h"

/* Fills the verdicts (chain_verify.c). False when memory is out. */
bool chain_verify(struct chain *chain, const struct chain_options *options);

/* Fills fault and next from them (chain_fault.c). */
bool chain_blame(struct chain *chain, const struct chain_options *options);

/* Fills inspection and its reasons (chain_inspect.c). */
bool chain_inspect(struct chain *chain, const struct chain_options *options);

/* A formatted string, to be freed; NULL when memory is out. */
char *chain_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
