/*
 * place: see place.h.
 */
#include "auth/place.h"

#include <stdio.h>
#include <string.h>

#include "auth/ledger_list.h"
#include "auth/memory.h"
#include "auth/offers.h"

void place_target(const struct auth_request *request, char target[LEDGER_TEXT])
{
    struct span authority = request->uri;

    target[0] = '\0';
    if (span_equal(request->method, SPAN("CONNECT"))) {
        if (authority.len < LEDGER_TEXT)
            (void)snprintf(target, LEDGER_TEXT, "%.*s", SPAN_ARG(authority));
        return;
    }
    if (!span_starts_nocase(authority, SPAN("http://")))
        return;
    authority = span_skip(authority, strlen("http://"));
    authority.len = span_find(authority, '/');
    if (authority.len + strlen("http:///") < LEDGER_TEXT)
        (void)snprintf(target, LEDGER_TEXT, "http://%.*s/", SPAN_ARG(authority));
}

void place_held(const struct auth_options *o, char *text, size_t size)
{
    const char *name = o->login->login_name;
    const struct ledger_login *record = NULL;
    bool told;

    (void)guard_state_of(o->guard, o->login, &record);
    told = record != NULL && record->at[0] != '\0';
    snprintf(
        text, size,
        "the login of %.100s failed at %.100s (%s) and is held back until the user "
        "name or the password changes, or `ccgate auth rearm`",
        name == NULL ? "this user" : name, told ? record->at : "a proxy",
        record != NULL && record->why[0] != '\0' ? record->why : "rejected");
}

void place_refused(const struct auth_options *o, const struct auth_request *request,
                   char *text, size_t size)
{
    const char *name = o->login->login_name;
    const struct ledger_login *record = NULL;
    char target[LEDGER_TEXT];

    place_target(request, target);
    (void)guard_state_of(o->guard, o->login, &record);
    if (record == NULL || ledger_list_has(record->good_hops, o->hop) > 0)
        snprintf(text, size,
                 "%.100s accepts the login of %.60s, but not for %.60s, which it "
                 "answers with 407",
                 o->hop, name, target[0] == '\0' ? "this target" : target);
    else
        snprintf(
            text, size,
            "%.60s rejected the login of %.40s for %.60s, but %.60s accepts it; if "
            "it knows another password, set that for it; `ccgate auth rearm`",
            o->hop, name, target[0] == '\0' ? "this target" : target,
            record->hop[0] == '\0' ? "another" : record->hop);
}

bool auth_is_held(const struct auth_options *options, char *text, size_t size)
{
    const struct offers offers = {
        .set = auth_memory_offered(options->memory, options->hop),
    };
    struct choice choice;

    if (auth_memory_get(options->memory, options->hop) != AUTH_KNOWN_ASKS ||
        options->trial != NULL || !guard_is_closed(options->guard, options->login))
        return false;
    choose(&choice, options, &offers, 0);
    if (choice.scheme != NULL && !choice.scheme->needs_password)
        return false;
    place_held(options, text, size);
    return true;
}

bool auth_allows_advance(const struct auth_options *options)
{
    enum auth_known known = auth_memory_get(options->memory, options->hop);
    enum guard_state state;

    if (known != AUTH_KNOWN_ASKS)
        return known == AUTH_KNOWN_OPEN;
    state = guard_state_of(options->guard, options->login, NULL);
    return state == GUARD_ACCEPTED || state == GUARD_UNTRIED;
}

bool place_has_login(const struct auth_options *options)
{
    const struct offers any = {.set = (1u << SCHEME_COUNT) - 1};
    scheme_set without = options->gss == NULL ? scheme_bit(&auth_scheme_negotiate) : 0;
    struct choice choice;

    choose(&choice, options, &any, without);
    return choice.scheme != NULL;
}

bool place_must_ask(const struct auth_options *options,
                    const struct auth_request *request,
                    const struct auth_scheme *scheme, bool has_turn)
{
    /* The first message of one that is bound decides nothing. */
    if (!scheme->needs_password || scheme->bound || request->asked)
        return false;
    if (options->trial != NULL)
        return true;
    switch (guard_state_of(options->guard, options->login, NULL)) {
    case GUARD_UNTRIED:
    case GUARD_DOUBTED:
        return true;
    case GUARD_TRYING: /* by us, or somebody else, who will tell */
        return has_turn;
    case GUARD_ACCEPTED:
    case GUARD_CLOSED:
        break;
    }
    return false;
}

/* What is stronger than Basic is remembered for good: a downgrade shall be noticed. */
void place_asks(const struct auth_options *options, const struct offers *offers)
{
    auth_memory_asks(options->memory, options->hop, offers);
    if (auth_memory_stronger(options->memory, options->hop))
        guard_note_stronger(options->guard, options->hop);
}
