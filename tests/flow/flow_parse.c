/*
 * flow: reads a flow file into steps. A line is a step of words and "quoted strings";
 * one that ends in { takes the lines up to a lone } as its block. # begins a comment.
 */
#include "flow.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, tolower((unsigned char)c));

    return at == NULL ? -1 : (int)(at - digits);
}

/* Reads one escape behind the backslash; returns where it ends. */
static const char *escape(const char *at, struct bytes *out)
{
    static const char names[] = "rnt0\\\"";
    static const char values[] = "\r\n\t\0\\\"";
    const char *name = *at == '\0' ? NULL : strchr(names, *at);

    if (name != NULL) {
        bytes_add(out, values + (name - names), 1);
        return at + 1;
    }
    if (*at == 'x' && hex_digit(at[1]) >= 0 && hex_digit(at[2]) >= 0) {
        char c = (char)(hex_digit(at[1]) * 16 + hex_digit(at[2]));

        bytes_add(out, &c, 1);
        return at + 3;
    }
    flow_fail("unknown escape \\%c", *at);
}

static const char *quoted(const char *at, struct bytes *out)
{
    while (*at != '"') {
        if (*at == '\0')
            flow_fail("a string without end");
        if (*at == '\\')
            at = escape(at + 1, out);
        else
            bytes_add(out, at++, 1);
    }
    return at + 1;
}

static void parse_line(struct step *step, const char *at)
{
    if (strncmp(at, "about ", 6) == 0)
        return; /* for people */
    for (;;) {
        struct word *word = &step->words[step->count];

        at += strspn(at, " \t");
        if (*at == '\0' || *at == '#')
            return;
        if (step->count == FLOW_WORDS)
            flow_fail("too many words");
        step->count++;
        bytes_add(&word->text, "", 0);
        if (*at == '"') {
            word->quoted = true;
            at = quoted(at + 1, &word->text);
        } else {
            size_t len = strcspn(at, " \t");

            bytes_add(&word->text, at, len);
            at += len;
        }
    }
}

static bool takes_block(struct step *step)
{
    const struct word *last;

    if (step->count == 0)
        return false;
    last = &step->words[step->count - 1];
    if (last->quoted || strcmp(last->text.at, "{") != 0)
        return false;
    step->count--;
    return true;
}

/* The lines up to a lone }, as they are. */
static char *read_block(FILE *file, int *line_number)
{
    struct bytes block = {0};
    char *line = NULL;
    size_t size = 0;

    bytes_add(&block, "", 0);
    for (;;) {
        if (getline(&line, &size, file) < 0)
            flow_fail("a block without end");
        ++*line_number;
        if (strcmp(line, "}\n") == 0)
            break;
        bytes_text(&block, line);
    }
    free(line);
    return block.at;
}

static void set_name(struct flow *flow, const char *path)
{
    const char *base = strrchr(path, '/');
    size_t len;

    base = base == NULL ? path : base + 1;
    len = strlen(base);
    if (len > 5 && strcmp(base + len - 5, ".flow") == 0)
        len -= 5;
    snprintf(flow->name, sizeof(flow->name), "%.*s", (int)len, base);
}

void flow_parse(struct flow *flow, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    int number = 0;

    *flow = (struct flow){.path = path};
    set_name(flow, path);
    if (file == NULL)
        flow_fail("%s cannot be read", path);
    while (getline(&line, &size, file) >= 0) {
        struct step step = {.line = ++number};

        flow_line = number;
        line[strcspn(line, "\n")] = '\0';
        parse_line(&step, line);
        if (step.count == 0)
            continue;
        if (takes_block(&step))
            step.block = read_block(file, &number);
        flow->steps = realloc(flow->steps, (flow->count + 1) * sizeof(step));
        if (flow->steps == NULL)
            abort();
        flow->steps[flow->count++] = step;
    }
    free(line);
    fclose(file);
}

void flow_clear(struct flow *flow)
{
    for (size_t i = 0; i < flow->count; i++) {
        for (size_t k = 0; k < FLOW_WORDS; k++)
            free(flow->steps[i].words[k].text.at);
        free(flow->steps[i].block);
    }
    free(flow->steps);
    *flow = (struct flow){0};
}
