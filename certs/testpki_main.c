/*
 * testpki FOLDER: writes the certificates and keys of testpki.h, for tests that run
 * servers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "certs/testpki.h"

int main(int argc, char **argv)
{
    struct testpki *pki;
    bool good;

    if (argc != 2) {
        fputs("usage: testpki FOLDER\n", stderr);
        return 2;
    }
    (void)mkdir(argv[1], 0700);
    pki = testpki_new((int64_t)time(NULL));
    good = pki != NULL && testpki_save(pki, argv[1]);
    testpki_free(pki);
    if (!good)
        perror(argv[1]);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
