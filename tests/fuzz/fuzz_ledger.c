/*
 * fuzz_ledger: state files of the guard from arbitrary bytes.
 *
 * What is read must be written and read again as the same, within its bounds.
 */
#include <string.h>

#include "auth/ledger_text.h"
#include "fuzz.h"

static void same_login(const struct ledger_login *a, const struct ledger_login *b)
{
    expect(memcmp(a->key, b->key, LEDGER_KEY) == 0);
    expect(a->state == b->state && a->state != LEDGER_UNTRIED && a->time == b->time);
    expect(strcmp(a->user, b->user) == 0 && strcmp(a->domain, b->domain) == 0);
    expect(strcmp(a->why, b->why) == 0 && strcmp(a->at, b->at) == 0);
    expect(strcmp(a->target_at, b->target_at) == 0 && strcmp(a->hop, b->hop) == 0);
    expect(strcmp(a->target, b->target) == 0);
}

static void same_book(const struct ledger_book *a, const struct ledger_book *b)
{
    expect(memcmp(a->salt, b->salt, LEDGER_SALT) == 0);
    expect(a->login_count == b->login_count && a->login_count <= LEDGER_RECORDS);
    expect(a->hop_count == b->hop_count && a->hop_count <= LEDGER_RECORDS);
    for (size_t i = 0; i < a->login_count; i++)
        same_login(&a->logins[i], &b->logins[i]);
    for (size_t i = 0; i < a->hop_count; i++)
        expect(strcmp(a->hops[i].name, b->hops[i].name) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ledger_book book, again;
    struct buf out;
    size_t line;

    ledger_book_init(&book);
    ledger_book_init(&again);
    buf_init(&out, LEDGER_FILE_LIMIT);
    if (ledger_book_read(&book, (struct span){(const char *)data, size}, &line) ==
        LEDGER_READ_OK) {
        expect(ledger_book_write(&book, &out) == 0);
        expect(ledger_book_read(&again, buf_span(&out), &line) == LEDGER_READ_OK);
        same_book(&book, &again);
    }
    buf_clear(&out);
    ledger_book_clear(&book);
    ledger_book_clear(&again);
    return 0;
}
