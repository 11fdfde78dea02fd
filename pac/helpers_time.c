/*
 * helpers_time: weekdayRange, dateRange, timeRange, as Chrome and Firefox have them.
 */
#include "pac/helpers_time.h"

#include <math.h>

static int name_index(const struct value *v, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        if (value_is(v, names[i]))
            return i;
    }
    return -1;
}

static int weekday_of(const struct value *v)
{
    static const char *const names[] = {"SUN", "MON", "TUE", "WED",
                                        "THU", "FRI", "SAT"};

    return name_index(v, names, 7);
}

static int month_of(const struct value *v)
{
    static const char *const names[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                        "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};

    return name_index(v, names, 12);
}

/* Takes a last "GMT" off. */
static bool take_gmt(const struct value *args, size_t *count)
{
    if (!value_is(&args[*count - 1], "GMT"))
        return false;
    --*count;
    return true;
}

/* False when one of them is NaN, as in JavaScript. */
static bool between(double from, double at, double to)
{
    return from <= to ? from <= at && at <= to : to >= at || at >= from;
}

bool helper_weekday_range(const struct jsclock *clock, const struct value *args,
                          size_t count)
{
    size_t given = count;
    bool gmt;
    int first, last;

    if (given == 0)
        return false;
    gmt = take_gmt(args, &given);
    first = weekday_of(&args[0]);
    last = given == 2 ? weekday_of(&args[1]) : first;
    return first >= 0 && last >= 0 &&
           between(first, jsdate_get(clock, clock->now_ms, JS_DAY, gmt), last);
}

/* One argument: a month's name, a day below 32, or a year. */
static bool is_date(const struct jsclock *clock, const struct value *v, bool gmt)
{
    double number = value_integer(v);

    if (isnan(number))
        return jsdate_get(clock, clock->now_ms, JS_MONTH, gmt) == month_of(v);
    if (number < 32)
        return jsdate_get(clock, clock->now_ms, JS_DATE, gmt) == number;
    return jsdate_get(clock, clock->now_ms, JS_YEAR, gmt) == number;
}

/* Returns whether it was a day. */
static bool apply(const struct jsclock *clock, const struct value *v, double *date)
{
    double number = value_integer(v);

    if (isnan(number))
        *date = jsdate_set(clock, *date, JS_MONTH, month_of(v));
    else if (number < 32)
        *date = jsdate_set(clock, *date, JS_DATE, number);
    else
        *date = jsdate_set(clock, *date, JS_YEAR, number);
    return number < 32;
}

/*
 * The date whose local time reads as UTC does now: field after field, each read from
 * what the one before it left, as the browsers do it.
 */
static double shift_to_gmt(const struct jsclock *clock, double date)
{
    for (int field = JS_YEAR; field <= JS_SECONDS; field++) {
        double value = jsdate_get(clock, date, (enum jsfield)field, true);

        date = jsdate_set(clock, date, (enum jsfield)field, value);
    }
    return date;
}

bool helper_date_range(const struct jsclock *clock, const struct value *args,
                       size_t count)
{
    double now = clock->now_ms;
    double year = jsdate_get(clock, now, JS_YEAR, false);
    double month = jsdate_get(clock, now, JS_MONTH, false);
    double from = jsdate_make(clock, (const double[6]){year, 0, 1, 0, 0, 0});
    double to = jsdate_make(clock, (const double[6]){year, 11, 31, 23, 59, 59});
    size_t given = count;
    bool adjust = false;
    bool gmt;

    if (given == 0)
        return false;
    gmt = take_gmt(args, &given);
    if (given == 1)
        return is_date(clock, &args[0], gmt);
    for (size_t i = 0; i < given / 2; i++) {
        if (apply(clock, &args[i], &from))
            adjust = given <= 2;
    }
    for (size_t i = given / 2; i < given; i++)
        (void)apply(clock, &args[i], &to);
    if (adjust) {
        from = jsdate_set(clock, from, JS_MONTH, month);
        to = jsdate_set(clock, to, JS_MONTH, month);
    }
    return between(from, gmt ? shift_to_gmt(clock, now) : now, to);
}

/* Hours and minutes, with six arguments also seconds, of the two ends. */
static bool in_time(const struct jsclock *clock, const struct value *args, size_t given,
                    bool gmt)
{
    double from = clock->now_ms;
    double to = clock->now_ms;
    size_t half = given / 2;

    if (given == 6) {
        from = jsdate_set(clock, from, JS_SECONDS, value_number(&args[2]));
        to = jsdate_set(clock, to, JS_SECONDS, value_number(&args[5]));
    }
    from = jsdate_set(clock, from, JS_HOURS, value_number(&args[0]));
    from = jsdate_set(clock, from, JS_MINUTES, value_number(&args[1]));
    to = jsdate_set(clock, to, JS_HOURS, value_number(&args[half]));
    to = jsdate_set(clock, to, JS_MINUTES, value_number(&args[half + 1]));
    if (given == 4)
        to = jsdate_set(clock, to, JS_SECONDS, 59);
    return between(from, gmt ? shift_to_gmt(clock, clock->now_ms) : clock->now_ms, to);
}

bool helper_time_range(const struct jsclock *clock, const struct value *args,
                       size_t count, bool *inside)
{
    size_t given = count;
    double hour;
    bool gmt;

    *inside = false;
    if (given == 0)
        return true;
    gmt = take_gmt(args, &given);
    hour = jsdate_get(clock, clock->now_ms, JS_HOURS, gmt);
    if (given == 1) {
        /* `==` knows no null and no undefined. */
        *inside = args[0].kind > VALUE_NULL && hour == value_number(&args[0]);
    } else if (given == 2) {
        *inside = value_number(&args[0]) <= hour && hour <= value_number(&args[1]);
    } else if (given == 4 || given == 6) {
        *inside = in_time(clock, args, given, gmt);
    } else {
        return false;
    }
    return true;
}
