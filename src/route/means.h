/*
 * means: what the routers of one process ask: the script of `pac`, where we are,
 * scripts that others name, the system's settings. Survives a reload.
 */
#ifndef CCGATE_ROUTE_MEANS_H
#define CCGATE_ROUTE_MEANS_H

#include "route/outside.h"
#include "route/scripts.h"
#include "route/settings.h"

struct means {
    struct loop *loop;
    struct resolver *resolver;
    struct pac *pac;         /* NULL: the configuration names no script */
    struct outside *outside; /* NULL: `outside: refuse` */
    struct scripts *scripts;
    struct settings *settings;
};

/*
 * False when memory is out; means_close() is due in both cases. The loop and the
 * resolver must outlive them, and they all routers.
 */
bool means_open(struct means *means, struct loop *loop, struct resolver *resolver,
                struct config *config);
void means_close(struct means *means);

/*
 * Takes another configuration: scripts are fetched again, and settings asked anew.
 * False when memory is out; the script of `pac` is then as it was.
 */
bool means_reload(struct means *means, struct config *config);

/* The same, and what scripts decided is forgotten. */
void means_network_changed(struct means *means);

#endif
