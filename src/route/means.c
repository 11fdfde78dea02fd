/*
 * means: see means.h.
 */
#include "route/means.h"

#include <string.h>

/* The script that the configuration names, if it names any; false: memory is out. */
static bool pac_open(const struct means *means, const struct config *config,
                     struct pac **pac)
{
    *pac = NULL;
    if (config->pac != NULL)
        *pac = pac_new(&(struct pac_options){.loop = means->loop,
                                             .resolver = means->resolver,
                                             .url = config->pac,
                                             .config = config});
    return config->pac == NULL || *pac != NULL;
}

/* What `outside: direct` needs; false: memory is out. */
static bool outside_open(const struct means *means, const struct config *config,
                         struct outside **outside)
{
    bool matters = config->outside == CONFIG_OUTSIDE_DIRECT;

    *outside = NULL;
    if (matters)
        *outside = outside_new(&(struct outside_options){
            .loop = means->loop, .resolver = means->resolver, .config = config});
    return !matters || *outside != NULL;
}

bool means_open(struct means *means, struct loop *loop, struct resolver *resolver,
                struct config *config)
{
    *means = (struct means){.loop = loop, .resolver = resolver};
    means->scripts = scripts_new(&(struct scripts_options){
        .loop = loop, .resolver = resolver, .config = config});
    means->settings = settings_new(
        &(struct settings_options){.loop = loop, .limit_ms = config->timeout.pac});
    return means->scripts != NULL && means->settings != NULL &&
           pac_open(means, config, &means->pac) &&
           outside_open(means, config, &means->outside);
}

void means_close(struct means *means)
{
    pac_unref(means->pac);
    outside_unref(means->outside);
    scripts_free(means->scripts);
    settings_free(means->settings);
    *means = (struct means){.loop = NULL};
}

bool means_reload(struct means *means, struct config *config)
{
    bool same_script = means->pac != NULL && config->pac != NULL &&
                       strcmp(pac_url(means->pac), config->pac) == 0;
    bool same_names = means->outside != NULL && outside_is_for(means->outside, config);
    struct pac *pac = NULL;
    struct outside *outside = NULL;

    if ((same_script ? !pac_configure(means->pac, config)
                     : !pac_open(means, config, &pac)) ||
        (!same_names && !outside_open(means, config, &outside)) ||
        !scripts_configure(means->scripts, config)) {
        pac_unref(pac);
        outside_unref(outside);
        return false;
    }
    if (!same_names) {
        outside_unref(means->outside);
        means->outside = outside;
    }
    if (same_script) {
        pac_refresh(means->pac);
    } else {
        pac_unref(means->pac);
        means->pac = pac;
    }
    scripts_refresh(means->scripts);
    settings_set_limit(means->settings, config->timeout.pac);
    settings_flush(means->settings);
    return true;
}

void means_network_changed(struct means *means)
{
    if (means->outside != NULL)
        outside_network_changed(means->outside);
    if (means->pac != NULL)
        pac_network_changed(means->pac);
    scripts_network_changed(means->scripts);
    settings_flush(means->settings);
}
