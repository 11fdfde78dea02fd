/*
 * public_roots: is it one of the roots that the public Internet uses? A table of our
 * own: what the system's store holds proves nothing, since companies put theirs there.
 */
#ifndef CCGATE_CERTS_PUBLIC_ROOTS_H
#define CCGATE_CERTS_PUBLIC_ROOTS_H

#include "certs/cert.h"

bool public_root(const struct cert *cert);

#endif
