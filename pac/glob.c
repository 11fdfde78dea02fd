/*
 * glob: the common case of shExpMatch(), in bounded time and without a regex engine.
 */
#include "pac/glob.h"

#include <string.h>

static bool is_plain(char c)
{
    return c > 0x1f && c < 0x7f;
}

static bool needs_regexp(struct span text, struct span pattern)
{
    for (size_t i = 0; i < pattern.len; i++) {
        if (!is_plain(pattern.at[i]) || strchr("\\^$+()[]{}|", pattern.at[i]) != NULL)
            return true;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (!is_plain(text.at[i]))
            return true;
    }
    return false;
}

enum glob_result glob_match(struct span text, struct span pattern)
{
    size_t t = 0;
    size_t p = 0;
    size_t star = pattern.len; /* behind the last '*' that was met */
    size_t begun = 0;          /* where the text behind that one was tried */
    bool starred = false;

    if (needs_regexp(text, pattern))
        return GLOB_REGEXP;
    while (t < text.len) {
        if (p < pattern.len && pattern.at[p] == '*') {
            starred = true;
            star = ++p;
            begun = t;
        } else if (p < pattern.len &&
                   (pattern.at[p] == '?' || pattern.at[p] == text.at[t])) {
            p++;
            t++;
        } else if (starred) {
            p = star;
            t = ++begun;
        } else {
            return GLOB_NO;
        }
    }
    while (p < pattern.len && pattern.at[p] == '*')
        p++;
    return p == pattern.len ? GLOB_YES : GLOB_NO;
}

int glob_regexp(struct span pattern, struct buf *out)
{
    int error = buf_append_text(out, "^");

    for (size_t i = 0; error == 0 && i < pattern.len; i++) {
        switch (pattern.at[i]) {
        case '.':
            error = buf_append_text(out, "\\.");
            break;
        case '*':
            error = buf_append_text(out, ".*");
            break;
        case '?':
            error = buf_append_text(out, ".");
            break;
        default:
            error = buf_append(out, pattern.at + i, 1);
        }
    }
    return error != 0 ? error : buf_append_text(out, "$");
}
