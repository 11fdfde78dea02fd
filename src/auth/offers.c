/*
 * offers: what the proxy offers, and what we take of it. See offers.h.
 */
#include "auth/offers.h"

#include <stdio.h>

#include "auth/memory.h"

enum { NAME_SHOWN = 32, REALM_SHOWN = 60, REALM_SIZE = REALM_SHOWN + 16 };

static const struct auth_scheme *const SCHEMES[SCHEME_COUNT] = {
    &auth_scheme_negotiate, &auth_scheme_ntlm, &auth_scheme_negotiate_ntlm,
    &auth_scheme_digest, &auth_scheme_basic};

const struct auth_scheme *scheme_at(size_t place)
{
    return SCHEMES[place];
}

size_t scheme_place(const struct auth_scheme *scheme)
{
    size_t place = 0;

    while (SCHEMES[place] != scheme)
        place++;
    return place;
}

scheme_set scheme_bit(const struct auth_scheme *scheme)
{
    return 1u << scheme_place(scheme);
}

/* ---- what there is ---- */

static void add_name(struct offers *offers, struct span name)
{
    int n = snprintf(offers->names + offers->names_len,
                     sizeof(offers->names) - offers->names_len, "%s%.*s",
                     offers->names_len > 0 ? ", " : "",
                     (int)(name.len < NAME_SHOWN ? name.len : NAME_SHOWN), name.at);

    if (n > 0)
        offers->names_len += (size_t)n;
    if (offers->names_len >= sizeof(offers->names))
        offers->names_len = sizeof(offers->names) - 1;
}

/*
 * One that says something goes before a bare name in another line, and a stronger one
 * before a weaker one (RFC 7616 section 5.6).
 */
static bool is_news(const struct offers *offers, size_t place,
                    const struct challenge *challenge)
{
    const struct auth_scheme *scheme = SCHEMES[place];
    struct span before = offers->challenge[place].parameters;

    if ((offers->set & 1u << place) == 0 || before.len == 0)
        return true;
    return scheme->strength != NULL &&
           scheme->strength(challenge->parameters) > scheme->strength(before);
}

static void add_offer(struct offers *offers, const struct challenge *challenge)
{
    offers->count++;
    add_name(offers, challenge->scheme);
    for (size_t i = 0; i < SCHEME_COUNT; i++) {
        const struct auth_scheme *scheme = SCHEMES[i];

        if (!span_equal_nocase(challenge->scheme, span_of(scheme->name)) ||
            (scheme->fits != NULL && !scheme->fits(challenge->parameters)) ||
            !is_news(offers, i, challenge))
            continue;
        offers->set |= 1u << i;
        offers->challenge[i] = *challenge;
    }
}

int offers_copy(struct buf *text, const struct head *head)
{
    static const struct span name = {"proxy-authenticate", 18};
    const struct head_field *field = head_find(head, name);
    int error = 0;

    for (; field != NULL && !error; field = head_find_next(head, field, name)) {
        error = buf_append_span(text, field->value);
        if (!error)
            error = buf_append(text, "\n", 1);
    }
    return error;
}

void offers_read(struct offers *offers, struct span text)
{
    *offers = (struct offers){.count = 0};
    while (text.len > 0) {
        struct span line = {text.at, span_find(text, '\n')};
        struct challenge challenge;

        text = span_skip(text, line.len < text.len ? line.len + 1 : line.len);
        while (challenge_next(&line, &challenge))
            add_offer(offers, &challenge);
    }
}

/* ---- what we take ---- */

/* Why a scheme that is offered is not used; the last ones explain a refusal best. */
enum obstacle {
    OBSTACLE_NONE,
    OBSTACLE_FORBIDDEN, /* by `auth:` */
    OBSTACLE_GUESS, /* they are missing for NTLM in Negotiate, which may not be taken */
    OBSTACLE_UNABLE,    /* it could not work here a moment ago */
    OBSTACLE_HASH,      /* it needs the password, and we have a hash of it */
    OBSTACLE_DOWNGRADE, /* a password in clear where better was offered before */
    OBSTACLE_LACKS,     /* user name or password */
    OBSTACLE_WITHHELD,  /* our login is not for this hop */
};

static bool is_named(const struct auth_scheme *scheme, const struct config_login *login)
{
    return login->auth != CONFIG_AUTH_AUTO &&
           config_auths_place(login->auth, scheme->key) >= 0;
}

static enum obstacle obstacle_of(const struct auth_scheme *scheme,
                                 const struct auth_options *o, scheme_set without)
{
    const struct config_login *login = o->login;

    if (o->withheld)
        return OBSTACLE_WITHHELD;
    if (o->trial != NULL && !scheme->needs_password)
        return OBSTACLE_FORBIDDEN; /* it would say nothing about the password */
    if (config_auths_place(login->auth, scheme->key) < 0)
        return OBSTACLE_FORBIDDEN;
    if ((without & scheme_bit(scheme)) != 0 ||
        auth_memory_is_unable(o->memory, o->hop, scheme, loop_now(o->loop)))
        return OBSTACLE_UNABLE;
    if (scheme->needs_text && login->password != NULL &&
        login->password_type != CONFIG_PASSWORD_PLAIN)
        return OBSTACLE_HASH;
    if (scheme == &auth_scheme_basic && o->clear && !is_named(scheme, login) &&
        (auth_memory_stronger(o->memory, o->hop) ||
         guard_is_stronger(o->guard, o->hop)))
        return OBSTACLE_DOWNGRADE;
    if (scheme->needs_password &&
        (login->login_name == NULL || login->password == NULL))
        return scheme == &auth_scheme_negotiate_ntlm ? OBSTACLE_GUESS : OBSTACLE_LACKS;
    return OBSTACLE_NONE;
}

static bool is_better(const struct auth_scheme *scheme, const struct auth_scheme *than,
                      const struct config_login *login)
{
    return than == NULL || config_auths_place(login->auth, scheme->key) <
                               config_auths_place(login->auth, than->key);
}

/* ", realm \"...\"" in printable ASCII, or nothing. */
static const char *realm_of(const struct challenge *challenge, char text[REALM_SIZE])
{
    struct span realm;
    char shown[REALM_SHOWN + 1];
    size_t n = 0;

    text[0] = '\0';
    if (!challenge_parameter(challenge, SPAN("realm"), &realm))
        return text;
    for (size_t i = 0; i < realm.len && n < REALM_SHOWN; i++)
        if (realm.at[i] >= ' ' && realm.at[i] <= '~')
            shown[n++] = realm.at[i];
    shown[n] = '\0';
    if (n > 0)
        (void)snprintf(text, REALM_SIZE, ", realm \"%s\"", shown);
    return text;
}

static void explain_lacks(struct choice *choice, const struct auth_options *o,
                          const struct offers *offers, const struct auth_scheme *scheme)
{
    const struct challenge *challenge = &offers->challenge[scheme_place(scheme)];
    const char *name = o->login->login_name, *note;
    char realm[REALM_SIZE];
    int n;

    note = auth_memory_note(o->memory, o->hop);
    choice->outcome = OUTCOME_LOGIN_NO_CREDENTIALS;
    n = snprintf(choice->detail, CHOICE_TEXT,
                 name == NULL
                     ? "%s asks for a login (%s%s), and no user name is known: "
                       "set `username:` and `password_file:`"
                     : "%s asks for a login (%s%s), and no password of %s is "
                       "known: set `password_file:`",
                 o->hop, scheme->name, realm_of(challenge, realm), name);
    if (note != NULL && n > 0 && n < CHOICE_TEXT)
        (void)snprintf(choice->detail + n, CHOICE_TEXT - (size_t)n, " (%s)", note);
}

/* Basic is left, and would send the password readable for everybody on the way. */
static void explain_downgrade(struct choice *choice, const struct auth_options *o,
                              const struct offers *offers)
{
    const char *note = auth_memory_note(o->memory, o->hop);

    if (offers->set == scheme_bit(&auth_scheme_basic))
        (void)snprintf(
            choice->detail, CHOICE_TEXT,
            "%s offers only %s now, which sends the password readable for "
            "everybody on the way, but has offered better before: this may be "
            "an attack; if it is not, set `auth: basic`",
            o->hop, offers->names);
    else
        (void)snprintf(choice->detail, CHOICE_TEXT,
                       "%s offers %s; the better ones cannot be used (%s), and Basic "
                       "sends the password readable for everybody on the way: name it "
                       "in `auth:` to allow that",
                       o->hop, offers->names,
                       note == NULL ? "`auth:` rules them out" : note);
}

static void explain_scheme(struct choice *choice, const struct auth_options *o,
                           const struct offers *offers, enum obstacle obstacle,
                           const struct auth_scheme *scheme)
{
    const char *note = auth_memory_note(o->memory, o->hop);

    choice->outcome = OUTCOME_LOGIN_SCHEME;
    if (obstacle == OBSTACLE_DOWNGRADE)
        explain_downgrade(choice, o, offers);
    else if (obstacle == OBSTACLE_HASH)
        (void)snprintf(choice->detail, CHOICE_TEXT,
                       "%s offers %s, but %s needs the password itself, not a hash of "
                       "it, which is what `password_type:` says there is",
                       o->hop, offers->names, scheme->name);
    else if (obstacle == OBSTACLE_UNABLE)
        (void)snprintf(choice->detail, CHOICE_TEXT, "%s offers only %s; %s", o->hop,
                       offers->names, note == NULL ? "it could not be used" : note);
    else if (obstacle == OBSTACLE_FORBIDDEN)
        (void)snprintf(
            choice->detail, CHOICE_TEXT,
            "%s offers only %s, which `auth:` in the configuration rules out", o->hop,
            offers->names);
    else
        (void)snprintf(choice->detail, CHOICE_TEXT, "%s offers only %s", o->hop,
                       offers->names);
}

static void explain(struct choice *choice, const struct auth_options *o,
                    const struct offers *offers, enum obstacle obstacle,
                    const struct auth_scheme *scheme)
{
    if (offers->count == 0) {
        choice->outcome = OUTCOME_LOGIN_BROKEN;
        (void)snprintf(choice->detail, CHOICE_TEXT,
                       "%s asks for a login (407) without saying which scheme it wants",
                       o->hop);
    } else if (obstacle == OBSTACLE_WITHHELD) {
        choice->outcome = OUTCOME_LOGIN_NO_CREDENTIALS;
        (void)snprintf(choice->detail, CHOICE_TEXT,
                       "%s asks for a login (%s), and ours is not for it: name it in "
                       "`proxy:` or `auth_hosts:` if it is to have it",
                       o->hop, scheme->name);
    } else if (obstacle == OBSTACLE_LACKS || obstacle == OBSTACLE_GUESS) {
        explain_lacks(choice, o, offers, scheme);
    } else {
        explain_scheme(choice, o, offers, obstacle, scheme);
    }
}

void choose(struct choice *choice, const struct auth_options *options,
            const struct offers *offers, scheme_set without)
{
    enum obstacle worst = OBSTACLE_NONE;
    const struct auth_scheme *blocked = NULL;

    *choice = (struct choice){.scheme = NULL, .outcome = OUTCOME_OK};
    for (size_t i = 0; i < SCHEME_COUNT; i++) {
        enum obstacle obstacle;

        if ((offers->set & 1u << i) == 0)
            continue;
        obstacle = obstacle_of(SCHEMES[i], options, without);
        if (obstacle == OBSTACLE_NONE) {
            if (is_better(SCHEMES[i], choice->scheme, options->login))
                choice->scheme = SCHEMES[i];
        } else if (obstacle > worst) {
            worst = obstacle;
            blocked = SCHEMES[i];
        }
    }
    if (choice->scheme == NULL)
        explain(choice, options, offers, worst, blocked);
}
