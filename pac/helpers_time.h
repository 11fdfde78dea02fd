/*
 * helpers_time: weekdayRange, dateRange, timeRange, as Chrome and Firefox have them.
 *
 * Both browsers run one script, whose behaviour is kept with its oddities (crbug
 * 827292): (24, "DEC") is the 24th to the end of every month; months of a range that
 * the day does not exist in run over.
 */
#ifndef CCGATE_PAC_HELPERS_TIME_H
#define CCGATE_PAC_HELPERS_TIME_H

#include "pac/jsdate.h"
#include "pac/value.h"

bool helper_weekday_range(const struct jsclock *clock, const struct value *args,
                          size_t count);
bool helper_date_range(const struct jsclock *clock, const struct value *args,
                       size_t count);

/* False when the script's call throws: a count of arguments it does not know. */
bool helper_time_range(const struct jsclock *clock, const struct value *args,
                       size_t count, bool *inside);

#endif
