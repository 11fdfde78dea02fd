/*
 * file: whole files: read into a buffer, or put in place of the one before.
 */
#ifndef CCGATE_BASE_FILE_H
#define CCGATE_BASE_FILE_H

#include <sys/types.h>

#include "base/buf.h"

/*
 * Appends what can be read from fd until its end. 0, -EMSGSIZE when the buffer's
 * ceiling is passed, or -errno.
 */
int file_read(int fd, struct buf *content);

/* Makes the folders above the last "/" of a path that are missing, 0700. 0 or -errno.
 */
int file_make_folders(const char *path);

/*
 * Writes a file of this mode that has the name from the moment on at which all of it is
 * on the disk; a link of that name is replaced. Folders that are missing are made.
 * 0 or -errno; the file before then stays.
 */
int file_replace(const char *path, struct span content, mode_t mode);

#endif
