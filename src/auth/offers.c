/*
 * offers: which scheme to log in with. See offers.h.
 */
#include "auth/offers.h"

#include <stdio.h>

enum { NAME_SHOWN = 32, REALM_SHOWN = 60 };

static const struct auth_scheme *const SCHEMES[] = {
    &auth_scheme_ntlm, &auth_scheme_digest, &auth_scheme_basic};

const struct auth_scheme *scheme_named(struct span name)
{
    for (size_t i = 0; i < sizeof(SCHEMES) / sizeof(SCHEMES[0]); i++)
        if (span_equal_nocase(name, span_of(SCHEMES[i]->name)))
            return SCHEMES[i];
    return NULL;
}

bool scheme_allowed(const struct auth_scheme *scheme, const struct config_login *login)
{
    return config_auths_place(login->auth, scheme->key) >= 0;
}

static bool is_better(const struct auth_scheme *scheme, const struct auth_scheme *than,
                      const struct config_login *login)
{
    return than == NULL || config_auths_place(login->auth, scheme->key) <
                               config_auths_place(login->auth, than->key);
}

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

static void add_offer(struct offers *offers, const struct challenge *challenge,
                      const struct config_login *login,
                      const struct auth_scheme *spoken)
{
    const struct auth_scheme *scheme = scheme_named(challenge->scheme);

    offers->count++;
    add_name(offers, challenge->scheme);
    if (scheme == NULL ||
        (scheme->fits != NULL && !scheme->fits(challenge->parameters)))
        return;
    /* One that says something goes before a bare name in another line. */
    if (scheme == spoken && (!offers->again || offers->next.parameters.len == 0)) {
        offers->again = true;
        offers->next = *challenge;
    }
    if (!scheme_allowed(scheme, login)) {
        offers->forbidden = true;
    } else if (is_better(scheme, offers->best, login)) {
        offers->best = scheme;
        offers->challenge = *challenge;
    }
}

void offers_read(struct offers *offers, const struct head *head,
                 const struct config_login *login, const struct auth_scheme *spoken)
{
    static const struct span name = {"proxy-authenticate", 18};
    const struct head_field *field = head_find(head, name);
    struct challenge challenge;

    *offers = (struct offers){.count = 0};
    for (; field != NULL; field = head_find_next(head, field, name)) {
        struct span rest = field->value;

        while (challenge_next(&rest, &challenge))
            add_offer(offers, &challenge, login, spoken);
    }
}

const char *offers_realm(const struct offers *offers, char text[OFFERS_REALM])
{
    struct span realm;
    char shown[REALM_SHOWN + 1];
    size_t n = 0;

    text[0] = '\0';
    if (!challenge_parameter(&offers->challenge, SPAN("realm"), &realm))
        return text;
    for (size_t i = 0; i < realm.len && n < REALM_SHOWN; i++)
        if (realm.at[i] >= ' ' && realm.at[i] <= '~')
            shown[n++] = realm.at[i];
    shown[n] = '\0';
    if (n > 0)
        (void)snprintf(text, OFFERS_REALM, ", realm \"%s\"", shown);
    return text;
}
