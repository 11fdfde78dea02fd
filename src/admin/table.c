/*
 * table: lines of text that are made of JSON.
 */
#include "admin/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

const char *table_get_text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));

    return value != NULL ? value : "";
}

uint64_t table_get_number(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));

    return value > 0 ? (uint64_t)value : 0;
}

void table_put(struct table *table, const char *format, ...)
{
    char line[TABLE_CELL * 4];
    va_list ap;

    if (table->error != 0)
        return;
    va_start(ap, format);
    vsnprintf(line, sizeof(line), format, ap);
    va_end(ap);
    table->error = buf_append_text(table->out, line);
}

void table_cell(char cell[TABLE_CELL], const char *value)
{
    snprintf(cell, TABLE_CELL, "%s", value);
    for (char *c = cell; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
}

void table_put_text(struct table *table, const char *text)
{
    for (; *text != '\0' && table->error == 0; text++) {
        bool control = (unsigned char)*text < 0x20 || *text == 0x7f;

        table->error = buf_append(table->out, control ? "?" : text, 1);
    }
}

/* ---- units ---- */

void table_duration(char cell[TABLE_CELL], uint64_t seconds)
{
    if (seconds < 60)
        snprintf(cell, TABLE_CELL, "%u s", (unsigned)seconds);
    else if (seconds < 3600)
        snprintf(cell, TABLE_CELL, "%u min", (unsigned)(seconds / 60));
    else if (seconds < 86400)
        snprintf(cell, TABLE_CELL, "%u h %u min", (unsigned)(seconds / 3600),
                 (unsigned)(seconds / 60 % 60));
    else
        snprintf(cell, TABLE_CELL, "%llu d %u h", (unsigned long long)(seconds / 86400),
                 (unsigned)(seconds / 3600 % 24));
}

void table_bytes(char cell[TABLE_CELL], uint64_t bytes)
{
    static const char *const UNITS[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 1024 && unit + 1 < sizeof(UNITS) / sizeof(UNITS[0])) {
        value /= 1024;
        unit++;
    }
    snprintf(cell, TABLE_CELL, unit == 0 ? "%.0f %s" : "%.1f %s", value, UNITS[unit]);
}

void table_time(char cell[TABLE_CELL], uint64_t seconds)
{
    time_t when = (time_t)seconds;
    struct tm tm;

    if (localtime_r(&when, &tm) == NULL ||
        strftime(cell, TABLE_CELL, "%m-%d %H:%M:%S", &tm) == 0)
        cell[0] = '\0';
}
