/*
 * ccgate-pac: runs a PAC script for ccgate. It has no network, no files and no secrets,
 * and may be killed at any time. What it is told and says is in base/pac_protocol.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pac/engine_shared.h"
#include "pac/sandbox.h"
#include "pac/talk.h"

#define ENGINE_MEMORY ((size_t)64 << 20) /* of the script's heap */
#define ADDRESS_SPACE ((size_t)256 << 20)

struct child {
    struct span script;
    const char *script_fault; /* why there is none */
    struct engine *engine;
    bool loaded;
    struct bindings bindings;
    struct engine_fault fault;
    struct talk talk;
    struct buf result;
};

/* Maps the script. It must be sealed, else it could change while it is read. */
static void script_open(struct child *child)
{
    int wanted = F_SEAL_WRITE | F_SEAL_SHRINK;
    int seals = fcntl(PAC_SCRIPT_FD, F_GET_SEALS);
    struct stat st;
    void *at;

    child->script = SPAN("");
    if (seals < 0 || (seals & wanted) != wanted) {
        child->script_fault = "the script is not in a sealed memfd";
    } else if (fstat(PAC_SCRIPT_FD, &st) != 0 || st.st_size > PAC_SCRIPT_LIMIT) {
        child->script_fault = "the script is too long";
    } else if (st.st_size > 0) {
        at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, PAC_SCRIPT_FD, 0);
        if (at == MAP_FAILED)
            child->script_fault = "the script cannot be mapped";
        else
            child->script = (struct span){at, (size_t)st.st_size};
    }
    (void)close(PAC_SCRIPT_FD);
}

static uint64_t clock_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static bool refuse(struct child *child, enum pac_error error, const char *why)
{
    engine_fail(&child->fault, error, 0, span_of(why));
    return false;
}

/* Begins anew: a run that was broken off left half of the script's globals behind. */
static bool load(struct child *child, const struct pac_ask *ask)
{
    engine_free(child->engine);
    child->engine = NULL;
    child->loaded = false;
    if (child->script_fault != NULL)
        return refuse(child, PAC_ERROR_SCRIPT, child->script_fault);
    child->engine = engine_new(&child->bindings, ENGINE_MEMORY);
    if (child->engine == NULL)
        return refuse(child, PAC_ERROR_MEMORY, "out of memory");
    child->loaded =
        engine_load(child->engine, child->script, ask->limit_ms, &child->fault) &&
        !child->bindings.missing;
    return child->loaded;
}

static bool find(struct child *child, const struct pac_ask *ask, bool *cut)
{
    if (!child->loaded)
        return refuse(child, PAC_ERROR_QUESTION, "no script is loaded");
    return engine_find(child->engine, ask, &child->result, cut, &child->fault);
}

/* A missing name wins over whatever the script made of it. */
static void answer(struct child *child, const struct pac_ask *ask)
{
    struct bindings *b = &child->bindings;
    struct pac_answer reply = {.type = ask->type == PAC_LOAD ? PAC_READY : PAC_RESULT};
    uint64_t begun = clock_ns();
    bool cut = false;
    bool done;

    buf_reset(&child->result);
    bindings_begin(b, ask);
    done = ask->type == PAC_LOAD ? load(child, ask) : find(child, ask, &cut);
    reply.ns = clock_ns() - begun;
    reply.flags = b->flags | (cut ? PAC_CUT_RESULT : 0);
    reply.names_used = b->names_used;
    reply.alerts = buf_span(&b->alerts);
    reply.trace = buf_span(&b->trace);
    reply.text = buf_span(&child->result);
    if (b->missing) {
        reply.type = PAC_NEED_DNS;
        reply.text = buf_span(&b->name);
        reply.family = b->family;
    } else if (!done) {
        reply.type = PAC_ERROR;
        reply.error = child->fault.error;
        reply.line = child->fault.line;
        reply.text = buf_span(&child->fault.text);
    }
    (void)pac_put_answer(&child->talk.out, &reply);
}

static void answer_nonsense(struct child *child)
{
    struct pac_answer reply = {.type = PAC_ERROR, .error = PAC_ERROR_QUESTION};

    reply.text = SPAN("the question is not understood");
    (void)pac_put_answer(&child->talk.out, &reply);
}

static void serve(struct child *child)
{
    struct pac_ask ask;
    struct span body;

    while (talk_next(&child->talk, &body)) {
        if (pac_get_ask(body, &ask))
            answer(child, &ask);
        else
            answer_nonsense(child);
    }
}

static int usage(void)
{
    (void)fputs("ccgate-pac runs a PAC script for ccgate, which starts it.\n"
                "usage: ccgate-pac --version\n",
                stderr);
    return 2;
}

int main(int argc, char **argv)
{
    struct pac_hello hello = {.engine = span_of(engine_name())};
    struct child child = {0};

    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        (void)printf("ccgate-pac %s (%s)\n", PACKAGE_VERSION, engine_name());
        return 0;
    }
    if (argc != 1 || !talk_is_possible(PAC_SOCKET_FD))
        return usage();
    sandbox_prepare(PAC_SCRIPT_FD);
    script_open(&child);
    bindings_init(&child.bindings);
    engine_fault_init(&child.fault);
    talk_init(&child.talk, PAC_SOCKET_FD, PAC_MESSAGE_LIMIT, PAC_MESSAGE_LIMIT);
    buf_init(&child.result, PAC_RESULT_LIMIT);
    hello.sandbox = sandbox_enter(ADDRESS_SPACE);
    if (pac_put_hello(&child.talk.out, &hello) == 0)
        serve(&child);
    /* The kernel takes all of it back; a heap of 64 MiB takes a while to free. */
    _exit(0);
}
