/*
 * auth_answer: what is sent, what its answer means, and how far a login is. See auth.h.
 */
#include "auth/auth_internal.h"
#include "auth/memory.h"
#include "auth/place.h"

/* ---- the head and its answer ---- */

struct span auth_value(const struct auth *auth)
{
    if (auth->state != STATE_READY && auth->state != STATE_SENT)
        return (struct span){NULL, 0};
    return buf_span(&auth->value);
}

void auth_sent(struct auth *auth)
{
    if (auth->state != STATE_READY)
        return;
    auth->state = STATE_SENT;
    if (auth->value.len > 0 && auth->scheme->bound)
        auth->begun = true;
    if (auth->o.trial != NULL && auth_value_decides(auth))
        auth->o.trial->sent = true;
}

/* Whether the hop proved who it is, where the scheme lets it do so. */
static enum outcome login_accepted(struct auth *auth, const struct head *answer,
                                   const char **detail)
{
    const struct auth_scheme *scheme = auth->scheme;

    if (scheme->settled != NULL) {
        enum outcome outcome = scheme->settled(auth->scheme_state, answer, detail);

        if (outcome != OUTCOME_OK)
            return outcome;
    }
    auth_memory_able(auth->o.memory, auth->o.hop, scheme);
    auth->logged_in = scheme->bound;
    return OUTCOME_OK;
}

enum outcome auth_settle(struct auth *auth, const struct head *answer,
                         const char **detail)
{
    struct guard_ticket *ticket = auth->ticket;
    enum outcome outcome = OUTCOME_OK;
    bool decided;

    /* A login that was not sent was not accepted either. */
    if (auth->callback != NULL || (auth->value.len > 0 && auth->state != STATE_SENT))
        return OUTCOME_OK;
    decided = auth->state == STATE_SENT && auth_value_decides(auth);
    auth->ticket = NULL;
    auth->challenges_seen = 0;
    auth->state = STATE_IDLE;
    auth->waiting = false;
    if (auth->value.len == 0)
        auth_memory_open(auth->o.memory, auth->o.hop);
    if (decided)
        outcome = login_accepted(auth, answer, detail);
    if (decided && auth->o.trial != NULL)
        auth->o.trial->accepted = true;
    if (ticket != NULL && decided)
        (auth->asked ? guard_accepted : guard_passed)(ticket);
    else
        guard_drop(ticket); /* it did not ask after all */
    buf_wipe(&auth->value);
    auth->begun = false;
    auth_leave_scheme(auth);
    return outcome;
}

/* ---- how far it is ---- */

bool auth_at_stake(const struct auth *auth)
{
    return auth->ticket != NULL && auth->state == STATE_SENT &&
           auth_value_decides(auth);
}

void auth_abandon(struct auth *auth)
{
    auth->abandoned = true;
}

bool auth_is_queued(const struct auth *auth)
{
    return auth->state == STATE_ASKING || auth->state == STATE_JUDGING;
}

bool auth_is_leg(const struct auth *auth)
{
    return auth->waiting || (auth->value.len > 0 && !auth_value_decides(auth));
}

bool auth_may_be_asked(const struct auth *auth)
{
    return !auth->logged_in && auth->value.len == 0 && place_has_login(&auth->o);
}

bool auth_spent(const struct auth *auth)
{
    return auth->spent;
}

bool auth_bound(const struct auth *auth)
{
    return auth->begun || auth->logged_in;
}

bool auth_logged_in(const struct auth *auth)
{
    return auth->logged_in && !auth->begun && auth->ticket == NULL;
}
