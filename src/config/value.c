/*
 * value: scalars with units, and back to text.
 */
#include <inttypes.h>
#include <stdio.h>

#include "config/internal.h"

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit durations[] = {
    {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {"min", 60000}, {NULL, 0},
};

static const struct unit sizes[] = {
    {"MiB", 1048576}, {"MB", 1000000}, {"KiB", 1024}, {"KB", 1000}, {"B", 1}, {NULL, 0},
};

/* More than a year or a tebibyte is a slip of the pen. */
#define DURATION_MAX (UINT64_C(366) * 24 * 3600 * 1000)
#define SIZE_MAX_MIB (UINT64_C(1024) * 1024 * 1048576)

const char *value_bool(struct span text, bool *value)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {
        {"true", true}, {"false", false}, {"yes", true},
        {"no", false},  {"on", true},     {"off", false},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (span_equal_nocase(text, span_of(words[i].word))) {
            *value = words[i].value;
            return NULL;
        }
    return "is neither true nor false";
}

static size_t digits(struct span text)
{
    size_t n = 0;

    while (n < text.len && text.at[n] >= '0' && text.at[n] <= '9')
        n++;
    return n;
}

enum fault { FAULT_NONE, FAULT_NUMBER, FAULT_UNIT_MISSING, FAULT_UNIT, FAULT_RANGE };

static enum fault with_unit(struct span text, const struct unit *units, uint64_t max,
                            uint64_t *value)
{
    size_t n = digits(text);
    struct span name = span_trim(span_skip(text, n));
    uint64_t number;

    if (n == 0)
        return FAULT_NUMBER;
    if (name.len == 0)
        return FAULT_UNIT_MISSING;
    for (; units->name != NULL; units++) {
        if (!span_equal(name, span_of(units->name)))
            continue;
        if (!span_to_u64((struct span){text.at, n}, &number) ||
            number > max / units->factor)
            return FAULT_RANGE;
        *value = number * units->factor;
        return FAULT_NONE;
    }
    return name.at[0] == '.' || name.at[0] == ',' ? FAULT_NUMBER : FAULT_UNIT;
}

const char *value_duration(struct span text, uint64_t *ms)
{
    static const char *const faults[] = {
        [FAULT_NUMBER] = "is no whole number with a unit, as in 30s",
        [FAULT_UNIT_MISSING] = "has no unit: ms, s, m or h, as in 30s",
        [FAULT_UNIT] = "has an unknown unit: it may be ms, s, m (or min) and h",
        [FAULT_RANGE] = "is longer than a year",
    };

    if (span_equal(text, SPAN("0"))) {
        *ms = 0;
        return NULL;
    }
    return faults[with_unit(text, durations, DURATION_MAX, ms)];
}

const char *value_size(struct span text, uint64_t *bytes)
{
    static const char *const faults[] = {
        [FAULT_NUMBER] = "is no whole number with a unit, as in 256KiB",
        [FAULT_UNIT_MISSING] = "has no unit: B, KiB, MiB, KB or MB, as in 256KiB",
        [FAULT_UNIT] = "has an unknown unit: it may be B, KiB, MiB, KB and MB",
        [FAULT_RANGE] = "is too large",
    };

    return faults[with_unit(text, sizes, SIZE_MAX_MIB, bytes)];
}

const char *value_count(struct span text, uint64_t *count)
{
    if (!span_to_u64(text, count))
        return "is no whole number";
    return *count > INT32_MAX ? "is too large" : NULL;
}

void count_bounds(const struct config_key *key, uint64_t *least, uint64_t *most)
{
    struct span rest = key->choices != NULL ? span_of(key->choices) : SPAN("");
    struct span first = {NULL, 0};

    *least = 0;
    *most = UINT64_MAX;
    if (span_next(&rest, "-", &first)) {
        (void)span_to_u64(first, least);
        (void)span_to_u64(rest, most);
    }
}

const char *value_text(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if (c == '\n' && i + 1 == text.len)
            return "ends with a line break (a block of | or > needs |- or >-)";
        if (c == '\n' || c == '\r')
            return "holds a line break";
        if (c < 0x20 || c == 0x7f)
            return "holds a control character";
    }
    return NULL;
}

static void format(uint64_t value, const struct unit *units, char out[VALUE_TEXT])
{
    while (units->factor > 1 && value % units->factor != 0)
        units++;
    snprintf(out, VALUE_TEXT, "%" PRIu64 "%s", value / units->factor, units->name);
}

void value_format_duration(uint64_t ms, char out[VALUE_TEXT])
{
    if (ms == 0)
        snprintf(out, VALUE_TEXT, "0");
    else
        format(ms, durations, out);
}

void value_format_size(uint64_t bytes, char out[VALUE_TEXT])
{
    if (bytes == 0)
        snprintf(out, VALUE_TEXT, "0B");
    else
        format(bytes, sizes, out);
}
