/*
 * guard_alone_rig: a guard without a state file, and a login for it.
 */
#ifndef CCGATE_TESTS_UNIT_GUARD_ALONE_RIG_H
#define CCGATE_TESTS_UNIT_GUARD_ALONE_RIG_H

#include "guard_rig.h"

static struct guard *guard;

static inline void setup(void)
{
    rig_begin();
    guard = guard_new(loop, NULL);
    ck_assert_ptr_nonnull(guard);
    guard_set_repeater(guard, &repeater, &repeats);
}

static inline void teardown(void)
{
    guard_free(guard);
    rig_end();
}

static inline struct guard_ticket *ask(const char *name)
{
    return ask_at(guard, &alice, HOP, TARGET, name);
}

static inline enum guard_state state(void)
{
    return guard_state_of(guard, &alice, NULL);
}

/* The secret was accepted at HOP for TARGET. */
static inline void accept_before(void)
{
    struct guard_ticket *a = ask("a");

    ck_assert_str_eq(await(1), "A");
    guard_accepted(a);
    pass_ms(300);
}

#endif
