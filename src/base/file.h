/*
 * file: whole files: read into a buffer, or put in place of the one before. Waits for
 * the disk.
 */
#ifndef CCGATE_BASE_FILE_H
#define CCGATE_BASE_FILE_H

#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"

/*
 * Appends what can be read from fd until its end. 0, -EMSGSIZE when the buffer's
 * ceiling is passed, or -errno.
 */
int file_read(int fd, struct buf *content);

/* 0 or -errno. */
int file_write(int fd, struct span content);

/*
 * What speaks against trusting a folder or an open file of our own: others who can
 * write to it. A sentence fragment that follows its name, or NULL. file_fault() also
 * wants a regular file, and takes what open() returned, errno with it.
 */
const char *file_owner_fault(const struct stat *st);
const char *file_fault(int fd, struct stat *st);

/* Makes the folders above the last "/" of a path that are missing, 0700. 0 or -errno.
 */
int file_make_folders(const char *path);

/*
 * Writes a file of this mode that has the name from the moment on at which all of it is
 * on the disk; a link of that name is replaced. Folders that are missing are made. What
 * root replaces for another user stays that user's. 0 or -errno; the file before then
 * stays.
 */
int file_replace(const char *path, struct span content, mode_t mode);

#endif
