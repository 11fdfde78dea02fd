/*
 * guard_rig: guards, logins that ask them, and a repeater that does as it is told.
 */
#ifndef CCGATE_TESTS_UNIT_GUARD_RIG_H
#define CCGATE_TESTS_UNIT_GUARD_RIG_H

#include "auth/guard.h"
#include "loop_rig.h"

#define HOP    "http://wp1.corp:8080"
#define HOP2   "http://wp2.corp:8080"
#define TARGET "origin.test:443"
#define OTHER  "other.test:443"

/*
 * What was called back: a letter per ticket, its name. Upper case: allowed; lower case:
 * held; behind a '-': rejected; behind a '~': the target is refused.
 */
static char calls[1024];
static size_t calls_wanted;

static struct config_login alice;

static inline struct config_login login_of(const char *user, const char *domain,
                                           const char *password)
{
    struct config_login login = {.auth = CONFIG_AUTH_AUTO};

    login.login_name = span_dup(span_of(user));
    login.domain = domain == NULL ? NULL : span_dup(span_of(domain));
    login.password = secret_new(span_of(password));
    ck_assert_ptr_nonnull(login.login_name);
    ck_assert_ptr_nonnull(login.password);
    return login;
}

static inline void login_end(struct config_login *login)
{
    free(login->login_name);
    free(login->domain);
    secret_free(login->password);
}

/* ---- tickets ---- */

static inline void answered(void *ctx, enum guard_answer answer)
{
    const char *name = ctx;
    size_t n = strlen(calls);

    ck_assert_uint_lt(n + 2, sizeof(calls));
    if (answer == GUARD_REJECTED || answer == GUARD_REFUSED)
        calls[n++] = answer == GUARD_REJECTED ? '-' : '~';
    calls[n++] = (char)(answer == GUARD_ALLOWED ? *name - 'a' + 'A' : *name);
    calls[n] = '\0';
    if (calls_wanted > 0 && n >= calls_wanted)
        loop_stop(loop);
}

static inline struct guard_ticket *ask_place(struct guard *guard,
                                             const struct config_login *login,
                                             const struct guard_place *place,
                                             const char *name)
{
    static char names[26];
    char *own = &names[*name - 'a'];
    struct guard_ticket *ticket;

    *own = *name;
    ticket = guard_ask(guard, login, place, answered, own);
    ck_assert_ptr_nonnull(ticket);
    return ticket;
}

static inline struct guard_ticket *ask_at(struct guard *guard,
                                          const struct config_login *login,
                                          const char *hop, const char *target,
                                          const char *name)
{
    const struct guard_place place = {hop, target};

    return ask_place(guard, login, &place, name);
}

/* What was called back since the last time, once it is at least so many characters. */
static inline const char *await(size_t n)
{
    static char seen[sizeof(calls)];

    calls_wanted = n;
    if (strlen(calls) < n)
        loop_await();
    calls_wanted = 0;
    memcpy(seen, calls, sizeof(seen));
    calls[0] = '\0';
    return seen;
}

/* Runs until nothing is under way: no key is computed, nothing written. */
static inline void loop_await_idle(void)
{
    loop_run(loop);
}

/* What is called back at once, and nothing that takes time. */
static inline const char *soon(void)
{
    pass_ms(1);
    return await(0);
}

/* ---- the repeater ---- */

static unsigned repeats; /* begun */
static char repeat_hop[LEDGER_TEXT], repeat_target[LEDGER_TEXT];
static guard_repeat_done *repeat_done; /* NULL: none is under way */
static void *repeat_arg;

static inline void *repeat_begin(void *ctx, const struct config_login *login,
                                 const struct guard_place *place,
                                 guard_repeat_done *done, void *arg)
{
    ck_assert_ptr_eq(ctx, &repeats);
    ck_assert_str_eq(login->username, "alice");
    ck_assert_ptr_null(repeat_done);
    repeats++;
    snprintf(repeat_hop, sizeof(repeat_hop), "%s", place->hop);
    snprintf(repeat_target, sizeof(repeat_target), "%s", place->target);
    repeat_done = done;
    repeat_arg = arg;
    loop_stop(loop);
    return &repeats;
}

static inline void repeat_drop(void *repeat)
{
    ck_assert_ptr_eq(repeat, &repeats);
    repeat_done = NULL;
}

static inline void repeat_end(enum guard_repeated result)
{
    guard_repeat_done *done = repeat_done;

    ck_assert_ptr_nonnull(done);
    repeat_done = NULL;
    done(repeat_arg, result);
}

/* Waits until a repeat is under way. */
static inline void await_repeat(void)
{
    if (repeat_done == NULL)
        loop_await();
    ck_assert_ptr_nonnull(repeat_done);
}

static const struct guard_repeater repeater = {repeat_begin, repeat_drop};

static inline void rig_begin(void)
{
    loop_begin();
    alice = login_of("alice", NULL, "sesame");
    calls[0] = '\0';
    repeats = 0;
    repeat_done = NULL;
}

static inline void rig_end(void)
{
    ck_assert_str_eq(calls, "");
    login_end(&alice);
    loop_end();
}

#endif
