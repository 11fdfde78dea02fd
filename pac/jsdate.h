/*
 * jsdate: as much of JavaScript's Date (ECMA-262) as the time helpers stand on.
 *
 * A date is a count of milliseconds since 1970, or NaN ("Invalid Date"), with which
 * every comparison is false. The zone is injected.
 */
#ifndef CCGATE_PAC_JSDATE_H
#define CCGATE_PAC_JSDATE_H

#include <stdbool.h>
#include <stdint.h>

/* Where and when a helper runs. */
struct jsclock {
    double now_ms;
    /* Seconds that local time is ahead of UTC at a point of time in seconds. */
    long (*offset)(void *ctx, int64_t utc);
    void *ctx;
};

/* The zone of the process (TZ, as tzset() last read it). */
long jsdate_zone(void *ctx, int64_t utc);

enum jsfield {
    JS_YEAR,
    JS_MONTH, /* 0 to 11 */
    JS_DATE,  /* 1 to 31 */
    JS_HOURS,
    JS_MINUTES,
    JS_SECONDS,
    JS_DAY, /* 0 to 6, Sunday first; jsdate_get() only */
};

/* getHours() or getUTCHours(), and so on. */
double jsdate_get(const struct jsclock *clock, double date, enum jsfield field,
                  bool utc);

/* setHours(value) and so on, in local time: what does not fit goes into the next. */
double jsdate_set(const struct jsclock *clock, double date, enum jsfield field,
                  double value);

/* new Date(year, month, date, hours, minutes, seconds); year of four digits. */
double jsdate_make(const struct jsclock *clock, const double fields[6]);

#endif
