/*
 * ledger_text: see ledger_text.h. What we would not write ourselves is not read.
 */
#include "auth/ledger_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC SPAN("ccgate-logins ")

static const char *const STATES[] = {
    [LEDGER_UNTRIED] = "untried",   [LEDGER_TRYING] = "trying",
    [LEDGER_ACCEPTED] = "accepted", [LEDGER_LATE] = "late",
    [LEDGER_DOUBTED] = "doubted",   [LEDGER_CLOSED] = "closed",
};

const char *ledger_state_name(enum ledger_state state)
{
    return STATES[state];
}

#define FIELD(text, member)                                                            \
    {                                                                                  \
        {text, sizeof(text) - 1}, offsetof(struct ledger_login, member),               \
            sizeof(((struct ledger_login *)NULL)->member)                              \
    }

/* The texts of a record, by their names. */
static const struct {
    struct span name;
    size_t offset, room;
} FIELDS[] = {
    FIELD("user", user),     FIELD("domain", domain),      FIELD("why", why),
    FIELD("at", at),         FIELD("for", target_at),      FIELD("hop", hop),
    FIELD("target", target), FIELD("accepted", good_hops), FIELD("rejected", bad_hops),
    FIELD("keytab", keytab),
};
enum { FIELD_COUNT = sizeof(FIELDS) / sizeof(FIELDS[0]) };

void ledger_book_init(struct ledger_book *book)
{
    memset(book, 0, sizeof(*book));
}

void ledger_book_clear(struct ledger_book *book)
{
    free(book->logins);
    free(book->hops);
    ledger_book_init(book);
}

void ledger_text_set(char to[LEDGER_TEXT], const char *text, bool cut)
{
    size_t len = text == NULL ? 0 : strlen(text);

    if (len >= LEDGER_TEXT)
        len = cut ? LEDGER_TEXT - 1 : 0;
    if (len > 0)
        memcpy(to, text, len);
    to[len] = '\0';
}

/* ---- records ---- */

struct ledger_login *ledger_book_find(const struct ledger_book *book,
                                      const unsigned char key[LEDGER_KEY])
{
    for (size_t i = 0; i < book->login_count; i++)
        if (memcmp(book->logins[i].key, key, LEDGER_KEY) == 0)
            return &book->logins[i];
    return NULL;
}

/* Room for one more record at the end; NULL when memory is out. */
static struct ledger_login *login_add(struct ledger_book *book)
{
    struct ledger_login *grown =
        realloc(book->logins, (book->login_count + 1) * sizeof(*grown));

    if (grown == NULL)
        return NULL;
    book->logins = grown;
    return &grown[book->login_count++];
}

/* An accepted login that is forgotten costs one try, a closed one an attempt. */
static struct ledger_login *login_least(const struct ledger_book *book)
{
    struct ledger_login *least = NULL;

    for (size_t i = 0; i < book->login_count; i++) {
        struct ledger_login *login = &book->logins[i];
        bool kept = login->state != LEDGER_ACCEPTED;
        bool least_kept = least != NULL && least->state != LEDGER_ACCEPTED;

        if (least == NULL ||
            (kept == least_kept ? login->time < least->time : least_kept))
            least = login;
    }
    return least;
}

static void login_remove(struct ledger_book *book, struct ledger_login *login)
{
    *login = book->logins[--book->login_count];
}

bool ledger_book_put(struct ledger_book *book, const struct ledger_login *login)
{
    struct ledger_login *place = ledger_book_find(book, login->key);

    if (login->state == LEDGER_UNTRIED) {
        if (place != NULL)
            login_remove(book, place);
        return true;
    }
    if (place == NULL && book->login_count >= LEDGER_RECORDS)
        place = login_least(book);
    if (place == NULL)
        place = login_add(book);
    if (place == NULL)
        return false;
    *place = *login;
    return true;
}

bool ledger_book_has_hop(const struct ledger_book *book, const char *name)
{
    for (size_t i = 0; i < book->hop_count; i++)
        if (strcmp(book->hops[i].name, name) == 0)
            return true;
    return false;
}

bool ledger_book_add_hop(struct ledger_book *book, const char *name)
{
    struct ledger_hop *grown;

    if (ledger_book_has_hop(book, name))
        return true;
    if (strlen(name) >= LEDGER_TEXT || book->hop_count >= LEDGER_RECORDS)
        return false;
    grown = realloc(book->hops, (book->hop_count + 1) * sizeof(*grown));
    if (grown == NULL)
        return false;
    book->hops = grown;
    ledger_text_set(grown[book->hop_count++].name, name, false);
    return true;
}

/* ---- writing ---- */

static bool is_plain(unsigned char c)
{
    return c > ' ' && c < 0x7f && c != '%';
}

static int put_text(struct buf *out, const char *text)
{
    int error = 0;

    for (const char *c = text; *c != '\0' && error == 0; c++)
        error = is_plain((unsigned char)*c)
                    ? buf_append(out, c, 1)
                    : buf_printf(out, "%%%02X", (unsigned)(unsigned char)*c);
    return error;
}

static int put_hex(struct buf *out, const unsigned char *bytes, size_t len)
{
    int error = 0;

    for (size_t i = 0; i < len && error == 0; i++)
        error = buf_printf(out, "%02x", (unsigned)bytes[i]);
    return error;
}

static int put_login(struct buf *out, const struct ledger_login *login)
{
    int error = buf_append_text(out, "login ");

    if (error == 0)
        error = put_hex(out, login->key, LEDGER_KEY);
    if (error == 0)
        error = buf_printf(out, " %s %llu", STATES[login->state],
                           (unsigned long long)login->time);
    for (size_t i = 0; i < FIELD_COUNT && error == 0; i++) {
        const char *text = (const char *)login + FIELDS[i].offset;

        if (text[0] == '\0')
            continue;
        error = buf_printf(out, " %.*s=", SPAN_ARG(FIELDS[i].name));
        if (error == 0)
            error = put_text(out, text);
    }
    return error == 0 ? buf_append_text(out, "\n") : error;
}

int ledger_book_write(const struct ledger_book *book, struct buf *out)
{
    int error = buf_append_text(out, "ccgate-logins 1\nsalt ");

    if (error == 0)
        error = put_hex(out, book->salt, LEDGER_SALT);
    if (error == 0)
        error = buf_append_text(out, "\n");
    for (size_t i = 0; i < book->login_count && error == 0; i++)
        error = put_login(out, &book->logins[i]);
    for (size_t i = 0; i < book->hop_count && error == 0; i++) {
        error = buf_append_text(out, "hop ");
        if (error == 0)
            error = put_text(out, book->hops[i].name);
        if (error == 0)
            error = buf_append_text(out, " strong\n");
    }
    return error == 0 ? buf_append_text(out, "end\n") : error;
}

/* ---- reading ---- */

static bool take_hex(struct span text, unsigned char *bytes, size_t len)
{
    if (text.len != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = span_hex_digit(text.at[2 * i]);
        int low = span_hex_digit(text.at[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

/* Never empty, never with a NUL in it. */
static bool take_text(struct span text, char *to, size_t room)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if (c == '%') {
            if (!take_hex((struct span){text.at + i + 1, text.len - i > 2 ? 2 : 0}, &c,
                          1) ||
                c == '\0')
                return false;
            i += 2;
        } else if (!is_plain(c)) {
            return false;
        }
        if (len + 1 >= room)
            return false;
        to[len++] = (char)c;
    }
    to[len] = '\0';
    return len > 0;
}

/* Cuts a word off; false at the end of the line. */
static bool next_word(struct span *line, struct span *word)
{
    return span_next(line, " ", word);
}

static bool take_state(struct span word, enum ledger_state *state)
{
    for (size_t i = LEDGER_TRYING; i < sizeof(STATES) / sizeof(STATES[0]); i++)
        if (span_equal(word, span_of(STATES[i]))) {
            *state = (enum ledger_state)i;
            return true;
        }
    return false;
}

static bool take_field(struct span word, struct ledger_login *login)
{
    size_t equals = span_find(word, '=');
    struct span name = {word.at, equals};

    for (size_t i = 0; i < FIELD_COUNT && equals < word.len; i++) {
        char *text = (char *)login + FIELDS[i].offset;

        if (span_equal(name, FIELDS[i].name))
            return text[0] == '\0' &&
                   take_text(span_skip(word, equals + 1), text, FIELDS[i].room);
    }
    return false;
}

static bool take_login(struct span line, struct ledger_login *login)
{
    struct span word;

    memset(login, 0, sizeof(*login));
    if (!next_word(&line, &word) || !take_hex(word, login->key, LEDGER_KEY) ||
        !next_word(&line, &word) || !take_state(word, &login->state) ||
        !next_word(&line, &word) || !span_to_u64(word, &login->time))
        return false;
    while (next_word(&line, &word))
        if (!take_field(word, login))
            return false;
    return true;
}

static enum ledger_read read_login(struct ledger_book *book, struct span line)
{
    struct ledger_login login;

    if (!take_login(line, &login) || book->login_count >= LEDGER_RECORDS ||
        ledger_book_find(book, login.key) != NULL)
        return LEDGER_READ_BROKEN;
    return ledger_book_put(book, &login) ? LEDGER_READ_OK : LEDGER_READ_NO_MEMORY;
}

static enum ledger_read read_hop(struct ledger_book *book, struct span line)
{
    struct ledger_hop hop;
    struct span word;

    if (!next_word(&line, &word) || !take_text(word, hop.name, sizeof(hop.name)) ||
        !span_equal(line, SPAN("strong")) || book->hop_count >= LEDGER_RECORDS ||
        ledger_book_has_hop(book, hop.name))
        return LEDGER_READ_BROKEN;
    return ledger_book_add_hop(book, hop.name) ? LEDGER_READ_OK : LEDGER_READ_NO_MEMORY;
}

/* Cuts a line off, without its LF; false if none is left or it has no LF. */
static bool next_line(struct span *rest, struct span *line)
{
    size_t len = span_find(*rest, '\n');

    if (len == rest->len)
        return false;
    *line = (struct span){rest->at, len};
    *rest = span_skip(*rest, len + 1);
    return true;
}

static enum ledger_read read_version(struct span line)
{
    uint64_t version;

    if (!span_starts(line, MAGIC) ||
        !span_to_u64(span_skip(line, MAGIC.len), &version) || version == 0)
        return LEDGER_READ_BROKEN;
    return version == 1 ? LEDGER_READ_OK : LEDGER_READ_NEWER;
}

/* A line behind the first two; *ended: it was the last one. */
static enum ledger_read read_record(struct ledger_book *book, struct span line,
                                    bool *ended)
{
    *ended = span_equal(line, SPAN("end"));
    if (*ended)
        return LEDGER_READ_OK;
    if (span_starts(line, SPAN("login ")))
        return read_login(book, span_skip(line, 6));
    if (span_starts(line, SPAN("hop ")))
        return read_hop(book, span_skip(line, 4));
    return LEDGER_READ_BROKEN;
}

enum ledger_read ledger_book_read(struct ledger_book *book, struct span text,
                                  size_t *line)
{
    enum ledger_read result = LEDGER_READ_BROKEN;
    struct span now;
    bool ended = false;

    *line = 1;
    if (!next_line(&text, &now))
        return LEDGER_READ_BROKEN;
    result = read_version(now);
    if (result != LEDGER_READ_OK)
        return result;
    *line = 2;
    if (!next_line(&text, &now) || !span_starts(now, SPAN("salt ")) ||
        !take_hex(span_skip(now, 5), book->salt, LEDGER_SALT))
        return LEDGER_READ_BROKEN;
    while (!ended && result == LEDGER_READ_OK) {
        ++*line;
        result = next_line(&text, &now) ? read_record(book, now, &ended)
                                        : LEDGER_READ_BROKEN;
    }
    if (result == LEDGER_READ_OK && text.len > 0)
        return LEDGER_READ_BROKEN;
    return result;
}
