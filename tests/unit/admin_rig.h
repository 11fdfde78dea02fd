/*
 * admin_rig: a server with an admin socket in a folder of its own, and a blocking
 * client on a thread of the pool, for the tests of src/admin.
 */
#ifndef CCGATE_TESTS_UNIT_ADMIN_RIG_H
#define CCGATE_TESTS_UNIT_ADMIN_RIG_H

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/client.h"
#include "suite.h"

static struct {
    char folder[64];
    struct loop *loop;
    struct config *config;
    struct egress *egress;
    struct server *server;
    struct admin *admin;
    struct status_facts facts;
    bool reload_works, reload_later;
    int reloads, stops;
} rig;

static inline void rig_reloaded(void)
{
    admin_reloaded(rig.admin, rig.reload_works,
                   rig.reload_works ? SPAN("")
                                    : SPAN("ccgate.yaml:1:1: unknown key \"bogus\"\n"));
}

static inline void rig_reload(void *ctx)
{
    (void)ctx;
    rig.reloads++;
    if (!rig.reload_later)
        rig_reloaded();
}

static inline void rig_stop(void *ctx)
{
    (void)ctx;
    rig.stops++;
}

static inline struct admin *rig_admin_new(void)
{
    return admin_new(&(struct admin_options){
        .loop = rig.loop,
        .facts = &rig.facts,
        .peers = rig.server->peers,
        .reload = rig_reload,
        .stop = rig_stop,
    });
}

static inline void rig_setup(void)
{
    const struct config_setting settings[] = {
        {"listen", "127.0.0.1:0"},
        {"proxy", "http://proxy.test:8080"},
        {"state_dir", rig.folder},
    };
    struct buf messages;

    buf_init(&messages, 65536);
    memset(&rig, 0, sizeof(rig));
    snprintf(rig.folder, sizeof(rig.folder), "/tmp/ccgate-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(rig.folder));
    rig.config = config_load(&(struct config_sources){.root = rig.folder,
                                                      .settings = settings,
                                                      .setting_count = 3},
                             &messages);
    ck_assert_ptr_nonnull(rig.config);
    rig.loop = loop_new();
    rig.egress = egress_new(rig.loop, rig.config);
    rig.server = server_new(rig.loop, rig.egress, rig.config);
    ck_assert_ptr_nonnull(rig.server);
    ck_assert(server_listen(rig.server, 0, 0, &messages));
    rig.facts = (struct status_facts){
        .version = "1.2.3", .server = rig.server, .started = loop_clock()};
    rig.admin = rig_admin_new();
    ck_assert(admin_listen(rig.admin, rig.folder, "3128", &messages));
    buf_clear(&messages);
}

static inline void rig_teardown(void)
{
    DIR *folder;
    const struct dirent *entry;

    admin_free(rig.admin);
    server_free(rig.server);
    egress_free(rig.egress);
    ck_assert_int_eq(loop_free(rig.loop), 0);
    config_unref(rig.config);
    folder = opendir(rig.folder);
    while ((entry = readdir(folder)) != NULL)
        unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    ck_assert_int_eq(rmdir(rig.folder), 0);
}

/* ---- the client ---- */

struct rig_call {
    const char *path, *method, *target;
    int result;
    struct buf body;
};

static inline void rig_call_run(void *arg)
{
    struct rig_call *call = arg;

    call->result = client_request(call->path, call->method, call->target, &call->body);
}

static inline void rig_call_keep(void *arg)
{
    (void)arg;
}

static inline void rig_call_done(void *ctx)
{
    (void)ctx;
    loop_stop(rig.loop);
}

/* The status; the body, with a NUL, until the next call. */
static inline int rig_ask(const char *method, const char *target, const char **body)
{
    static struct rig_call call;

    buf_clear(&call.body);
    call = (struct rig_call){
        .path = admin_path(rig.admin), .method = method, .target = target};
    buf_init(&call.body, CLIENT_ANSWER_LIMIT);
    ck_assert_ptr_nonnull(
        work_start(rig.loop, rig_call_run, &call, rig_call_keep, rig_call_done, NULL));
    loop_run(rig.loop);
    ck_assert_int_eq(buf_append(&call.body, "", 1), 0);
    if (body != NULL)
        *body = buf_span(&call.body).at;
    return call.result;
}

#endif
