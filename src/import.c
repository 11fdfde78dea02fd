/*
 * import: `ccgate import FILE`. See import.h.
 */
#include "import.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verbs.h"

#define FILE_LIMIT  (1024 * 1024)
#define TEXT_LIMIT  (4 * 1024 * 1024)
#define VALUE_LIMIT 1024

enum { WHY_SIZE = 512 };

static const struct {
    const char *name;
    bool list;
    const char *besides; /* what a value needs to be taken */
} KEYS[IMPORT_COUNT] = {
    [IMPORT_LISTEN] = {"listen", true, "allow: 192.0.2.0/24\n"},
    [IMPORT_PROXY] = {"proxy", true, ""},
    [IMPORT_NOPROXY] = {"noproxy", true, ""},
    [IMPORT_AUTH] = {"auth", false, ""},
    [IMPORT_USERNAME] = {"username", false, ""},
    [IMPORT_DOMAIN] = {"domain", false, ""},
    [IMPORT_WORKSTATION] = {"workstation", false, ""},
    [IMPORT_HEADER] = {"header", true, ""},
    [IMPORT_ALLOW] = {"allow", true, ""},
};

/* ---- collecting ---- */

void import_note(struct import *import, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    int error = 0;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    if (import->line > 0)
        error = buf_printf(&import->notes, "line %zu: ", import->line);
    if (error != 0 || buf_printf(&import->notes, "%s\n", text) != 0)
        import->no_memory = true;
}

/* Double-quoted, for YAML. The value has no control characters. */
static int put_quoted(struct buf *out, struct span value)
{
    int error = buf_append_text(out, "\"");

    for (size_t i = 0; i < value.len && error == 0; i++) {
        if (value.at[i] == '"' || value.at[i] == '\\')
            error = buf_append_text(out, "\\");
        if (error == 0)
            error = buf_append(out, value.at + i, 1);
    }
    return error ? error : buf_append_text(out, "\"");
}

/* The first message about a configuration, without its place. */
static void first_message(const struct buf *messages, char *why, size_t why_size)
{
    struct span rest = buf_span(messages), line = {"", 0};

    (void)span_next(&rest, "\n", &line);
    for (int i = 0; i < 3 && span_find(line, ':') < line.len; i++)
        line = span_skip(line, span_find(line, ':') + 1);
    line = span_trim(line);
    snprintf(why, why_size, "%.*s",
             (int)(line.len < why_size ? line.len : why_size - 1), line.at);
}

/* Whether a configuration with this value alone is one; else why not. */
static bool is_taken(enum import_key key, struct span value, char *why, size_t why_size)
{
    struct buf text, messages;
    struct config *config = NULL;

    snprintf(why, why_size, "memory is out");
    buf_init(&text, TEXT_LIMIT);
    buf_init(&messages, TEXT_LIMIT);
    if (buf_printf(&text, "%s%s: ", KEYS[key].besides, KEYS[key].name) == 0 &&
        put_quoted(&text, value) == 0 && buf_append_text(&text, "\n") == 0) {
        config = config_parse_text("import", buf_span(&text), &messages);
        if (config == NULL)
            first_message(&messages, why, why_size);
    }
    config_unref(config);
    buf_wipe(&text);
    buf_wipe(&messages);
    return config != NULL;
}

static bool has_control(struct span value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.at[i] < ' ' || value.at[i] == 0x7f)
            return true;
    return false;
}

void import_value(struct import *import, enum import_key key, const char *name,
                  struct span value)
{
    struct buf *values = &import->values[key];
    char why[WHY_SIZE] = "a control character stands in it";

    /* A URL with a password is not shown, not even as a comment. */
    if (key == IMPORT_PROXY && span_find(value, '@') < value.len) {
        import_note(import, "%s: left out, because it holds a login", name);
        return;
    }
    if (value.len > VALUE_LIMIT) {
        import_note(import, "%s: too long", name);
        return;
    }
    if (has_control(value) || !is_taken(key, value, why, sizeof(why))) {
        if (key == IMPORT_HEADER) /* the rest may be a password */
            value.len = span_find(value, ':');
        import_note(import, "%s %.*s: %s", name, SPAN_ARG(value), why);
        return;
    }
    if (!KEYS[key].list)
        buf_reset(values);
    if (buf_append_span(values, value) != 0 || buf_append_text(values, "\n") != 0)
        import->no_memory = true;
}

void import_list(struct import *import, enum import_key key, const char *name,
                 struct span list, const char *separators)
{
    struct span item;

    while (span_next(&list, separators, &item)) {
        item = span_trim(item);
        if (item.len > 0)
            import_value(import, key, name, item);
    }
}

/* Other machines are not let in by an import: whoever wants that names them. */
void import_listen(struct import *import, const char *name, struct span addr,
                   struct span port)
{
    char text[128];
    struct netaddr parsed;
    uint64_t number;

    if (!span_to_u64(port, &number) || number == 0 || number > 65535 || addr.len > 64) {
        import_note(import, "%s %.*s: no port", name, SPAN_ARG(port));
        return;
    }
    if (addr.len >= 2 && addr.at[0] == '[' && addr.at[addr.len - 1] == ']')
        addr = (struct span){addr.at + 1, addr.len - 2};
    if (addr.len > 0 && !span_equal_nocase(addr, SPAN("localhost")) &&
        !(netaddr_from_ip(&parsed, addr, (uint16_t)number) &&
          netaddr_is_loopback(&parsed))) {
        import_note(import,
                    "%s %.*s:%.*s: other machines could reach it: add it to `listen`, "
                    "and their networks to `allow`",
                    name, SPAN_ARG(addr), SPAN_ARG(port));
        return;
    }
    snprintf(text, sizeof(text),
             span_find(addr, ':') < addr.len ? "[%.*s]:%.*s" : "%.*s:%.*s",
             SPAN_ARG(addr.len > 0 ? addr : SPAN("127.0.0.1")), SPAN_ARG(port));
    import_value(import, IMPORT_LISTEN, name, span_of(text));
}

void import_secret(struct import *import, const char *name, enum config_password type,
                   struct span value)
{
    struct secret *secret, *bytes = NULL;
    char why[WHY_SIZE];

    import->secret_found = true;
    if (import->secret != NULL) {
        import_note(import, "%s: left out, because there is another password", name);
        return;
    }
    secret = secret_from_text(value, false, why, sizeof(why));
    if (secret != NULL && type != CONFIG_PASSWORD_PLAIN)
        bytes = secret_from_hex(secret, why, sizeof(why));
    if (secret == NULL || (type != CONFIG_PASSWORD_PLAIN && bytes == NULL)) {
        import_note(import, "%s: left out, because it %s", name, why);
        secret_free(secret);
        return;
    }
    secret_free(bytes);
    import->secret = secret;
    import->type = type;
}

bool import_truth(struct span value)
{
    static const char *const words[] = {"yes", "on", "true", "1"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (span_equal_nocase(value, span_of(words[i])))
            return true;
    return false;
}

/* ---- printing ---- */

static void put_values(struct import *import, enum import_key key, struct buf *out)
{
    struct span rest = buf_span(&import->values[key]), value;
    int error = 0;

    if (rest.len == 0)
        return;
    error = buf_printf(out, "%s:%s", KEYS[key].name, KEYS[key].list ? "\n" : " ");
    while (error == 0 && span_next(&rest, "\n", &value)) {
        if (value.len == 0)
            continue;
        error = buf_append_text(out, KEYS[key].list ? "  - " : "");
        error = error ? error : put_quoted(out, value);
        error = error ? error : buf_append_text(out, "\n");
    }
    if (error != 0)
        import->no_memory = true;
}

static const char *type_name(enum config_password type)
{
    static const char *const names[] = {
        [CONFIG_PASSWORD_PLAIN] = "plain",
        [CONFIG_PASSWORD_NT_HASH] = "nt_hash",
        [CONFIG_PASSWORD_NTLMV2_HASH] = "ntlmv2_hash",
    };

    return names[type];
}

/* stored: the file that has it now, or NULL. */
static int put_password(const struct import *import, const char *file,
                        const char *stored, struct buf *out)
{
    bool hash = import->type != CONFIG_PASSWORD_PLAIN;
    int error = 0;

    if (import->secret == NULL)
        return 0;
    if (stored != NULL) {
        error = buf_append_text(out, "password_file: ");
        error = error ? error : put_quoted(out, span_of(stored));
        if (!error && hash)
            error = buf_printf(out, "\npassword_type: %s", type_name(import->type));
        return error ? error : buf_append_text(out, "\n");
    }
    error = buf_printf(out,
                       "# The %s in %s is not repeated here. To take it over, run\n"
                       "#   ccgate import --secret-file ~/.config/ccgate/password %s\n",
                       hash ? "hash of the password" : "password", file, file);
    if (!error)
        error =
            buf_append_text(out, "# or enter the password with \"ccgate auth set\".\n");
    return error;
}

static int put_notes(const struct import *import, struct buf *out)
{
    struct span rest = buf_span(&import->notes), line;
    int error = 0;

    if (rest.len > 0)
        error = buf_append_text(out, "\n# What was not carried over, and why:\n");
    while (error == 0 && span_next(&rest, "\n", &line))
        if (line.len > 0)
            error = buf_printf(out, "#   %.*s\n", SPAN_ARG(line));
    return error;
}

/* False when memory is out. */
static bool compose(struct import *import, const char *file, const char *stored,
                    struct buf *out)
{
    if (buf_printf(out, "# made by ccgate import from %s\n", file) != 0)
        return false;
    for (enum import_key key = 0; key < IMPORT_COUNT; key++) {
        put_values(import, key, out);
        if (key == IMPORT_DOMAIN && put_password(import, file, stored, out) != 0)
            return false;
    }
    return put_notes(import, out) == 0 && !import->no_memory;
}

/* ---- the verb ---- */

/* False after a message. */
static bool read_file(const char *path, struct buf *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t n = fd < 0 ? -1 : 0;

    if (fd >= 0 && buf_reserve(text, FILE_LIMIT) == 0)
        do {
            n = read(fd, buf_tail(text), buf_room(text));
            if (n > 0)
                buf_commit(text, (size_t)n);
        } while (n > 0 || (n < 0 && errno == EINTR));
    if (n < 0)
        fprintf(stderr, "ccgate: import: %s: %s\n", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return n >= 0;
}

/* False after a message. An older file may hold a password that is still needed. */
static bool store(const struct import *import, const char *file, char *path)
{
    char why[WHY_SIZE];

    if (import->secret == NULL) {
        fprintf(stderr, "ccgate: import: there is no password that could be stored\n");
        return false;
    }
    if (access(file, F_OK) == 0) {
        fprintf(stderr, "ccgate: import: %s is there already: name another file\n",
                file);
        return false;
    }
    if (!secret_to_file(file, import->secret, why, sizeof(why))) {
        fprintf(stderr, "ccgate: import: %s\n", why);
        return false;
    }
    return realpath(file, path) != NULL;
}

static int import_text(struct import *import, const struct options *options,
                       struct span text)
{
    bool stores = options->secret_file != NULL;
    const char *file = options->argument;
    char stored[PATH_MAX];
    struct buf out;
    int status = EXIT_FAILURE;

    if (import_is_cntlm(text)) {
        import_cntlm(import, text);
    } else if (import_is_px(text)) {
        import_px(import, text);
    } else {
        fprintf(
            stderr,
            "ccgate: import: %s is neither a cntlm.conf nor a px.ini, which are what "
            "can be imported\n",
            file);
        return 2;
    }
    if (stores && !store(import, options->secret_file, stored))
        return EXIT_FAILURE;
    buf_init(&out, TEXT_LIMIT);
    if (compose(import, file, stores ? stored : NULL, &out)) {
        (void)fwrite(buf_span(&out).at, 1, out.len, stdout);
        status = EXIT_SUCCESS;
    } else {
        fputs("ccgate: memory is out\n", stderr);
    }
    buf_clear(&out);
    return status;
}

int verb_import(const struct options *options)
{
    struct import import = {.type = CONFIG_PASSWORD_PLAIN};
    struct buf text;
    int status = 2;

    for (size_t i = 0; i < IMPORT_COUNT; i++)
        buf_init(&import.values[i], TEXT_LIMIT);
    buf_init(&import.notes, TEXT_LIMIT);
    buf_init(&text, FILE_LIMIT);
    if (read_file(options->argument, &text))
        status = import_text(&import, options, buf_span(&text));
    for (size_t i = 0; i < IMPORT_COUNT; i++)
        buf_clear(&import.values[i]);
    buf_clear(&import.notes);
    secret_free(import.secret);
    buf_wipe(&text);
    return status;
}
