/*
 * punycode: names with letters beyond ASCII, for lookups.
 */
#include "pac/punycode.h"

#include <errno.h>

#define LABEL 63 /* code points; a longer label is no label of DNS */

/* RFC 3492 section 5. */
enum { BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700, BIAS = 72, FIRST = 128 };

/* The next code point, or -1. Overlong forms and surrogates are none. */
static long take_point(struct span *s)
{
    static const long least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = (unsigned char)s->at[0];
    size_t n = lead < 0x80   ? 1
               : lead < 0xc0 ? 0
               : lead < 0xe0 ? 2
               : lead < 0xf0 ? 3
               : lead < 0xf8 ? 4
                             : 0;
    long point = n == 1 ? lead : lead & (0x7f >> n);

    if (n == 0 || s->len < n)
        return -1;
    for (size_t i = 1; i < n; i++) {
        unsigned char c = (unsigned char)s->at[i];

        if ((c & 0xc0) != 0x80)
            return -1;
        point = point << 6 | (c & 0x3f);
    }
    *s = span_skip(*s, n);
    if (point < least[n] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return -1;
    return point;
}

static unsigned adapt(unsigned delta, unsigned count, bool first)
{
    unsigned k = 0;

    delta = first ? delta / DAMP : delta / 2;
    delta += delta / count;
    while (delta > (BASE - TMIN) * TMAX / 2) {
        delta /= BASE - TMIN;
        k += BASE;
    }
    return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static int put_digit(unsigned digit, struct buf *out)
{
    char c = (char)(digit < 26 ? 'a' + digit : '0' + digit - 26);

    return buf_append(out, &c, 1);
}

static int put_delta(unsigned delta, unsigned bias, struct buf *out)
{
    unsigned q = delta;
    int error = 0;

    for (unsigned k = BASE; error == 0; k += BASE) {
        unsigned t = k <= bias ? TMIN : k >= bias + TMAX ? TMAX : k - bias;

        if (q < t)
            return put_digit(q, out);
        error = put_digit(t + (q - t) % (BASE - t), out);
        q = (q - t) / (BASE - t);
    }
    return error;
}

static int put_ascii(const long *points, size_t count, unsigned *written,
                     struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        char c = (char)points[i];

        if (points[i] >= FIRST)
            continue;
        if (buf_append(out, &c, 1) != 0)
            return -EMSGSIZE;
        ++*written;
    }
    return 0;
}

static long least_from(const long *points, size_t count, long from)
{
    long least = 0x110000;

    for (size_t i = 0; i < count; i++) {
        if (points[i] >= from && points[i] < least)
            least = points[i];
    }
    return least;
}

/* RFC 3492 section 6.3. With 63 code points at most no number overflows. */
static int encode(const long *points, size_t count, struct buf *out)
{
    unsigned done = 0;
    unsigned basic;
    unsigned bias = BIAS;
    unsigned delta = 0;
    long n = FIRST;
    int error = put_ascii(points, count, &done, out);

    basic = done;
    if (error == 0 && basic > 0)
        error = buf_append_text(out, "-");
    while (error == 0 && done < count) {
        long m = least_from(points, count, n);

        delta += (unsigned)(m - n) * (done + 1);
        n = m;
        for (size_t i = 0; error == 0 && i < count; i++) {
            if (points[i] < n)
                delta++;
            if (points[i] != n)
                continue;
            error = put_delta(delta, bias, out);
            bias = adapt(delta, done + 1, done == basic);
            delta = 0;
            done++;
        }
        delta++;
        n++;
    }
    return error;
}

static int put_label(const long *points, size_t count, bool ascii, struct buf *out)
{
    unsigned written = 0;
    size_t before = out->len;
    int error;

    if (ascii)
        return put_ascii(points, count, &written, out);
    error = buf_append_text(out, "xn--");
    if (error == 0)
        error = encode(points, count, out);
    return error == 0 && out->len - before > LABEL ? -EINVAL : error;
}

/* The dots of RFC 3490 section 3.1. */
static bool is_dot(long point)
{
    return point == '.' || point == 0x3002 || point == 0xff0e || point == 0xff61;
}

int punycode_name(struct span name, struct buf *out)
{
    long points[LABEL];
    size_t count = 0;
    bool ascii = true;
    int error = 0;

    while (error == 0 && name.len > 0) {
        long point = take_point(&name);

        if (is_dot(point)) {
            error = put_label(points, count, ascii, out);
            if (error == 0)
                error = buf_append_text(out, ".");
            count = 0;
            ascii = true;
            continue;
        }
        if (point < 0 || count == LABEL)
            return -EINVAL;
        if (point >= 'A' && point <= 'Z')
            point += 'a' - 'A';
        points[count++] = point;
        ascii = ascii && point < FIRST;
    }
    return error != 0 ? error : put_label(points, count, ascii, out);
}
