/*
 * manifest: what `ccgate ca install` has changed, in CERTS_MANIFEST of the state
 * folder. It is on the disk before a change is made, so that any can be undone, after a
 * crash, too.
 */
#ifndef CCGATE_CA_MANIFEST_H
#define CCGATE_CA_MANIFEST_H

#include "ca/change.h"

struct manifest {
    const char *state_dir;
    int lock; /* of the folder that it is in; -1: none */
    struct change *changes;
    size_t count;
};

/*
 * Reads it, and keeps others from doing so until manifest_close(), which is due in any
 * case. With create its folder is made. False after a message.
 */
bool manifest_open(struct manifest *manifest, const char *state_dir, bool create);
void manifest_close(struct manifest *manifest);

/* The change to the settings of a tool, or NULL. */
struct change *manifest_find(const struct manifest *manifest, const char *tool,
                             const char *file);

/* Takes a change over, and writes. False after a message; it is not in, then. */
bool manifest_add(struct manifest *manifest, struct change *change);

/* Takes it out, and writes. False after a message; it is still in. */
bool manifest_drop(struct manifest *manifest, struct change *change);

#endif
