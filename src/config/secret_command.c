/*
 * secret_command: passwords that other programs hold. See secret_command.h.
 */
#include "config/secret_command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/command.h"

#define ATTRIBUTES "service", "ccgate", "username"

/* ---- password_command ---- */

static void explain(const struct command *command, enum command_end end, char *why,
                    size_t why_size)
{
    const char *colon = command->err[0] == '\0' ? "" : ": ";

    switch (end) {
    case COMMAND_EXITED:
        if (command->detail == 0)
            snprintf(why, why_size, "printed no password%s%s", colon, command->err);
        else
            snprintf(why, why_size, "ended with exit status %d%s%s", command->detail,
                     colon, command->err);
        break;
    case COMMAND_SIGNALED:
        snprintf(why, why_size, "was ended by signal %d (%s)%s%s", command->detail,
                 strsignal(command->detail), colon, command->err);
        break;
    case COMMAND_LATE:
        snprintf(why, why_size,
                 "took longer than %u s and was ended; it cannot ask for anything on "
                 "the terminal%s%s",
                 (command->limit + 999) / 1000, colon, command->err);
        break;
    case COMMAND_STOPPED:
        snprintf(why, why_size, "was ended because ccgate ends");
        break;
    default:
        snprintf(why, why_size, "cannot be run: %s", strerror(command->detail));
        break;
    }
}

/* What it wrote to standard error may be of use, but not once there is a password. */
static struct secret *take_line(struct command *command, char *why, size_t why_size)
{
    struct span out = {command->out, command->out_len};
    char fault[128];
    struct secret *secret = secret_from_text(out, true, fault, sizeof(fault));

    if (secret == NULL)
        snprintf(why, why_size,
                 "printed something whose first line is no password: it %s", fault);
    return secret;
}

struct secret *secret_from_command(const char *command, unsigned limit, int stop,
                                   char *why, size_t why_size)
{
    const char *argv[] = {"/bin/sh", "-c", command, NULL};
    struct command run = {.argv = argv, .limit = limit, .stop = stop};
    enum command_end end = command_run(&run);
    struct secret *secret = NULL;

    if (end == COMMAND_EXITED && run.detail == 0 && run.out_len > 0)
        secret = take_line(&run, why, why_size);
    else
        explain(&run, end, why, why_size);
    command_wipe(&run);
    return secret;
}

/* ---- the keyring ---- */

static bool bus_possible(void)
{
    const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
    const char *folder = getenv("XDG_RUNTIME_DIR");
    char path[512];

    if (address != NULL && address[0] != '\0')
        return true;
    if (folder == NULL)
        return false;
    snprintf(path, sizeof(path), "%s/bus", folder);
    return access(path, F_OK) == 0;
}

/* What kept secret-tool from asking the service, by what it said. */
static void explain_tool(const struct command *tool, enum command_end end, char *why,
                         size_t why_size)
{
    if (end == COMMAND_MISSING)
        snprintf(why, why_size,
                 "secret-tool is not installed: install the package libsecret-tools "
                 "(Debian, Ubuntu) or libsecret (Fedora, Arch)");
    else if (end == COMMAND_LATE)
        snprintf(why, why_size,
                 "the keyring did not answer within %u s: unlock it, then try again",
                 tool->limit / 1000);
    else if (end == COMMAND_STOPPED)
        snprintf(why, why_size, "nobody waits for the keyring any more");
    else if (!bus_possible() || strstr(tool->err, "autolaunch") != NULL ||
             strstr(tool->err, "ould not connect") != NULL)
        snprintf(why, why_size,
                 "there is no D-Bus session, in which the keyring lives: run ccgate in "
                 "the desktop session (as a service: systemctl --user), or use "
                 "password_file");
    else if (strstr(tool->err, "org.freedesktop.secrets") != NULL)
        snprintf(why, why_size,
                 "no keyring runs in this session: install and start gnome-keyring or "
                 "KWallet, or use password_file");
    else if (end == COMMAND_FAILED)
        snprintf(why, why_size, "secret-tool cannot be run: %s",
                 strerror(tool->detail));
    else
        snprintf(why, why_size, "secret-tool ended with %s %d%s%s",
                 end == COMMAND_SIGNALED ? "signal" : "exit status", tool->detail,
                 tool->err[0] == '\0' ? "" : ": ", tool->err);
}

/*
 * secret-tool says the same, nothing at all, when there is no entry and when the one
 * there is stays locked. A search finds the latter, without its secret.
 */
static void explain_nothing(const char *user, int stop, char *why, size_t why_size)
{
    const char *argv[] = {"secret-tool", "search", ATTRIBUTES, user, NULL};
    struct command search = {.argv = argv, .limit = SECRET_KEYRING_LIMIT, .stop = stop};
    enum command_end end = command_run(&search);

    if (end != COMMAND_EXITED || search.detail != 0)
        explain_tool(&search, end, why, why_size);
    else if (search.out_len > 0)
        snprintf(why, why_size,
                 "the keyring is locked: unlock it (log in to the desktop, or open "
                 "\"Passwords and Keys\"), then run \"ccgate reload\" or start ccgate "
                 "again");
    else
        snprintf(why, why_size,
                 "the keyring has no password of %s (attributes service=ccgate, "
                 "username=%s): \"ccgate auth set --keyring\" stores it",
                 user, user);
    command_wipe(&search);
}

struct secret *secret_from_keyring(const char *user, int stop, char *why,
                                   size_t why_size)
{
    const char *argv[] = {"secret-tool", "lookup", ATTRIBUTES, user, NULL};
    struct command lookup = {.argv = argv, .limit = SECRET_KEYRING_LIMIT, .stop = stop};
    enum command_end end = command_run(&lookup);
    struct span out = {lookup.out, lookup.out_len};
    struct secret *secret = NULL;
    char fault[128];

    if (end == COMMAND_EXITED && lookup.detail == 0 && out.len > 0) {
        secret = secret_from_text(out, false, fault, sizeof(fault));
        if (secret == NULL)
            snprintf(why, why_size, "the entry in the keyring %s", fault);
    } else if (end == COMMAND_EXITED && lookup.err[0] == '\0') {
        explain_nothing(user, stop, why, why_size);
    } else {
        explain_tool(&lookup, end, why, why_size);
    }
    command_wipe(&lookup);
    return secret;
}

bool secret_to_keyring(const char *user, const struct secret *secret, char *why,
                       size_t why_size)
{
    char label[128];
    const char *argv[] = {"secret-tool", "store", "--label", label,
                          ATTRIBUTES,    user,    NULL};
    struct command store = {.argv = argv,
                            .input = secret_reveal(secret),
                            .limit = 4 * SECRET_KEYRING_LIMIT};
    enum command_end end;
    bool stored;

    snprintf(label, sizeof(label), "Proxy password of %.80s (ccgate)", user);
    end = command_run(&store);
    stored = end == COMMAND_EXITED && store.detail == 0;
    if (!stored)
        explain_tool(&store, end, why, why_size);
    command_wipe(&store);
    return stored;
}

bool secret_keyring_usable(void)
{
    const char *argv[] = {"secret-tool", "--version", NULL};
    struct command probe = {.argv = argv, .limit = SECRET_COMMAND_LIMIT};

    return bus_possible() && command_run(&probe) != COMMAND_MISSING;
}
