/*
 * testpki: a company's certificates for tests, good and bad ones, made on the spot from
 * one table. Keys and serial numbers are the same each time, except those of RSA.
 */
#ifndef CCGATE_CERTS_TESTPKI_H
#define CCGATE_CERTS_TESTPKI_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

/*
 *  NAME            what it is                                    issued by
 *  root            CA                                            itself
 *  sub             CA that inspects                              root
 *  server          server.test, localhost, 127.0.0.1             sub
 *  direct          the same                                      root
 *  wrong-name      other.test                                    sub
 *  expired         server.test, over since a month               sub
 *  soon            server.test, for five days more               sub
 *  future          server.test, from next month on               sub
 *  self            server.test, no CA                            itself
 *  other           CA of somebody else                           itself
 *  cross           subject and key of root                       other
 *  rotated         subject of root, another key                  itself
 *  rotated-server  server.test                                   rotated
 *  old             CA, over since a month                        itself
 *  old-server      server.test                                   old
 *  plain           CA without keyUsage, key identifiers,         itself
 *                  critical basicConstraints
 *  plain-twin      subject of plain, another key                 itself
 *  plain-server    server.test                                   plain
 *  short           CA with RSA of 1024 bits                      itself
 *  short-server    server.test                                   short
 *  sha1            CA, signed by SHA-1                           root
 *  sha1-server     server.test                                   sha1
 *  clients         CA for clients only                           itself
 *  vendor          CA called "Zscaler Root CA"                   itself
 *  vendor-server   server.test                                   vendor
 */
struct testpki;

/* NULL on any failure. now: the time that validity is counted from, in seconds. */
struct testpki *testpki_new(int64_t now);
void testpki_free(struct testpki *pki); /* NULL-safe */

/* Of a name above; they stay the pki's. NULL: there is no such name. */
X509 *testpki_cert(const struct testpki *pki, const char *name);
EVP_PKEY *testpki_key(const struct testpki *pki, const char *name);

/*
 * Writes NAME.pem and NAME.key for each, and NAME-chain.pem for those that are not
 * self- signed: the certificate and what stands between it and the root.
 */
bool testpki_save(const struct testpki *pki, const char *folder);

#endif
