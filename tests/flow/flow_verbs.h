/*
 * flow: what the two tables of verbs share, that of the flow (flow_steps.c) and that of
 * the actors (flow_actor.c).
 */
#ifndef CCGATE_TESTS_FLOW_VERBS_H
#define CCGATE_TESTS_FLOW_VERBS_H

#include "flow.h"

/* The words behind the verb, with placeholders replaced. */
struct arguments {
    size_t count;
    struct bytes at[FLOW_WORDS];
    const char *block;
};

typedef void flow_verb(const struct arguments *arguments);
typedef void actor_verb(struct actor *a, const struct arguments *arguments);

/* 12, 64K, 50M. Fails the flow if it is none. */
uint64_t arguments_number(const struct arguments *arguments, size_t index);
/* All from that one on, one behind the other, into out. */
void arguments_join(struct bytes *out, const struct arguments *arguments, size_t from);
/* Fails the flow when there are fewer. */
void arguments_want(const struct arguments *arguments, size_t count);
bool arguments_word_is(const struct arguments *arguments, size_t index,
                       const char *word);
/* "contains X", "lacks X" or "is X" about some bytes; fails the flow if that is wrong.
 */
void arguments_judge(const char *what, const struct bytes *text,
                     const struct arguments *arguments);

/* What an actor does, or NULL; *open: it must be connected. */
actor_verb *actor_verb_find(const char *name, bool *open);

#endif
