/*
 * table: lines of text that are made of JSON which another process wrote: what is
 * missing counts as empty, and no control byte reaches the terminal.
 */
#ifndef CCGATE_ADMIN_TABLE_H
#define CCGATE_ADMIN_TABLE_H

#include <jansson.h>

#include "base/buf.h"

#define TABLE_CELL 160 /* bytes of a cell, with its NUL; what is longer is cut */

struct table {
    struct buf *out;
    int error; /* the first of buf_append() */
};

/* A member of an object: "" or 0 if it is missing or of another kind. */
const char *table_get_text(const json_t *object, const char *key);
uint64_t table_get_number(const json_t *object, const char *key);

/* Appends as printf() does, at most four cells long; nothing that came from JSON. */
void table_put(struct table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends a text whole, since its end says what to do; control bytes become ? */
void table_put_text(struct table *table, const char *text);

/* A text into a cell, likewise. */
void table_cell(char cell[TABLE_CELL], const char *value);

/* "59 s", "3 min", "1.5 MiB", "11-23 16:20:01" */
void table_duration(char cell[TABLE_CELL], uint64_t seconds);
void table_bytes(char cell[TABLE_CELL], uint64_t bytes);
void table_time(char cell[TABLE_CELL], uint64_t seconds);

#endif
