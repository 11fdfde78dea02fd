/*
 * json: certificates, problems and chains as JSON. NULL when memory is out.
 */
#ifndef CCGATE_CERTS_JSON_H
#define CCGATE_CERTS_JSON_H

#include <jansson.h>

#include "certs/chain.h"

json_t *cert_json(const struct cert *cert, int64_t now);
json_t *bundle_problems_json(const struct bundle *bundle);
json_t *chain_json(const struct chain *chain, int64_t now);

#endif
