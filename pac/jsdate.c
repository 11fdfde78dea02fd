/*
 * jsdate: as much of JavaScript's Date (ECMA-262) as the time helpers stand on.
 */
#include "pac/jsdate.h"

#include <math.h>
#include <time.h>

#define MS_DAY    86400000.0
#define TIME_MOST 8.64e15 /* ms, either way: ECMA-262, "Time Values" */
#define YEAR_MOST 400000  /* beyond what TIME_MOST can reach */

long jsdate_zone(void *ctx, int64_t utc)
{
    time_t t = (time_t)utc;
    struct tm tm;

    (void)ctx;
    return localtime_r(&t, &tm) == NULL ? 0 : tm.tm_gmtoff;
}

static double offset_ms(const struct jsclock *clock, double utc)
{
    return 1000.0 * (double)clock->offset(clock->ctx, (int64_t)floor(utc / 1000));
}

/*
 * UTC(t) of ECMA-262: a time that comes twice is the first one, one that is left out is
 * read with the offset before the change.
 */
static double to_utc(const struct jsclock *clock, double local)
{
    double before, after, utc;

    if (!isfinite(local) || fabs(local) > TIME_MOST + MS_DAY)
        return NAN;
    before = offset_ms(clock, local - MS_DAY);
    after = offset_ms(clock, local + MS_DAY);
    utc = local - before;
    if (before != after && offset_ms(clock, utc) != before &&
        offset_ms(clock, local - after) == after)
        utc = local - after;
    return fabs(utc) > TIME_MOST ? NAN : utc;
}

/* Days since 1970 of the first of a month, months counted from year 0. */
static double days_of_month(double months)
{
    double year = floor(months / 12);
    double month = months - year * 12;
    /* The year begins in March, so that the leap day is its last. */
    double y = month < 2 ? year - 1 : year;
    double m = month < 2 ? month + 10 : month - 2;

    return 365 * y + floor(y / 4) - floor(y / 100) + floor(y / 400) +
           floor((153 * m + 2) / 5) - 719468;
}

/* Year, month and date of a day since 1970. */
static void civil(double day, double fields[3])
{
    double year = 1970 + floor(day / 365.2425);
    double month = 0;

    while (days_of_month(year * 12) > day)
        year--;
    while (days_of_month(year * 12 + 12) <= day)
        year++;
    while (month < 11 && days_of_month(year * 12 + month + 1) <= day)
        month++;
    fields[JS_YEAR] = year;
    fields[JS_MONTH] = month;
    fields[JS_DATE] = day - days_of_month(year * 12 + month) + 1;
}

/* The six fields of a local (or UTC) time, JS_YEAR to JS_SECONDS. */
static void split(double time, double fields[6])
{
    double day = floor(time / MS_DAY);
    double seconds = floor((time - day * MS_DAY) / 1000);

    civil(day, fields);
    fields[JS_HOURS] = floor(seconds / 3600);
    fields[JS_MINUTES] = floor(fmod(seconds, 3600) / 60);
    fields[JS_SECONDS] = fmod(seconds, 60);
}

/* MakeDate(MakeDay(...), MakeTime(...)). */
static double join(const double fields[6], double ms)
{
    double whole[6];
    double day;

    for (int i = 0; i < 6; i++) {
        if (!isfinite(fields[i]))
            return NAN;
        whole[i] = trunc(fields[i]);
    }
    if (fabs(whole[JS_YEAR]) > YEAR_MOST || fabs(whole[JS_MONTH]) > 12.0 * YEAR_MOST)
        return NAN;
    day = days_of_month(whole[JS_YEAR] * 12 + whole[JS_MONTH]) + whole[JS_DATE] - 1;
    return day * MS_DAY + whole[JS_HOURS] * 3600000 + whole[JS_MINUTES] * 60000 +
           whole[JS_SECONDS] * 1000 + ms;
}

double jsdate_get(const struct jsclock *clock, double date, enum jsfield field,
                  bool utc)
{
    double fields[6];
    double local;

    if (isnan(date))
        return NAN;
    local = utc ? date : date + offset_ms(clock, date);
    if (field == JS_DAY) {
        double day = fmod(floor(local / MS_DAY) + 4, 7);

        return day < 0 ? day + 7 : day;
    }
    split(local, fields);
    return fields[field];
}

double jsdate_set(const struct jsclock *clock, double date, enum jsfield field,
                  double value)
{
    double fields[6];
    double local;

    /* Only setFullYear() makes a valid date of an invalid one. */
    if (isnan(date) && field != JS_YEAR)
        return NAN;
    local = isnan(date) ? 0 : date + offset_ms(clock, date);
    split(local, fields);
    fields[field] = value;
    return to_utc(clock, join(fields, local - floor(local / 1000) * 1000));
}

double jsdate_make(const struct jsclock *clock, const double fields[6])
{
    return to_utc(clock, join(fields, 0));
}
