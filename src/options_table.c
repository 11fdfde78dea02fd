/*
 * options_table: the tables of verbs and options that options.c and help.c go by.
 */
#include "options.h"

static const struct verb_info VERBS[VERB_COUNT] = {
    [VERB_RUN] =
        {
            .name = "run",
            .argument = "[-- COMMAND ...]",
            .summary = "run the gate, as ccgate alone does, or a command with it",
            .text =
                "Listens for programs of this machine and carries their requests\n"
                "out, through the proxies that are configured.\n"
                "\n"
                "With COMMAND, runs that with the variables of \"ccgate env\", and\n"
                "through a ccgate of this user that runs already. If there is none,\n"
                "or if options say how it is to be, one is started at a free port;\n"
                "it ends with COMMAND. The exit status is that of COMMAND; 125 if\n"
                "it was not run, 126 if it cannot be, 127 if it is not there.\n",
            .options = OPTION_CONFIG | OPTION_VERBOSE | OPTION_TOOL,
            .keys = VERB_KEYS_ALL,
            .command = true,
        },
    [VERB_CHECK_CONFIG] =
        {
            .name = "check-config",
            .summary = "say what is wrong with the configuration",
            .text = "Reads all layers of the configuration and reports every error\n"
                    "with its place. The exit status is 2 if there is one.\n",
            .options = OPTION_CONFIG | OPTION_VERBOSE,
            .keys = VERB_KEYS_ALL,
        },
    [VERB_DUMP_CONFIG] =
        {
            .name = "dump-config",
            .summary = "print the configuration in effect",
            .text = "Prints the effective configuration as YAML. Secrets are never\n"
                    "shown.\n",
            .options = OPTION_CONFIG | OPTION_VERBOSE | OPTION_SHOW_ORIGIN |
                       OPTION_SCHEMA | OPTION_JSON,
            .keys = VERB_KEYS_ALL,
        },
    [VERB_ROUTE] =
        {
            .name = "route",
            .argument = "URL",
            .summary = "print the way to a URL, and why",
            .text =
                "Prints the decision that this configuration and environment lead\n"
                "to, and how a running ccgate finds the proxies: which rest, and\n"
                "why. Nothing is sent, and none needs to run. URL is a URL, or\n"
                "host:port as in CONNECT. The exit status is 1 if there is no way.\n"
                "With --pac, the script of that URL or file is asked.\n\n"
                "--id ID, instead of a URL, explains a request that a running\n"
                "ccgate has open, or that ended lately: whose it is, what it waits\n"
                "for, what was decided and why, and what failed so far.\n",
            .options =
                OPTION_CONFIG | OPTION_VERBOSE | OPTION_JSON | OPTION_TRACE | OPTION_ID,
            .keys = VERB_KEYS_ALL,
        },
    [VERB_STATUS] =
        {
            .name = "status",
            .summary = "show what runs: listeners, hops, tunnels, last errors",
            .text = "Shows every ccgate of this user, or the chosen one. The exit\n"
                    "status is 1 if none runs.\n",
            .options = OPTION_CONFIG | OPTION_JSON,
            .keys = VERB_KEYS_INSTANCE,
        },
    [VERB_RELOAD] =
        {
            .name = "reload",
            .summary = "let the running ccgate read its configuration again",
            .text =
                "No tunnel is dropped. If the configuration is broken, the old one\n"
                "stays, the errors are shown, and the exit status is 2.\n",
            .options = OPTION_CONFIG,
            .keys = VERB_KEYS_INSTANCE,
        },
    [VERB_STOP] =
        {
            .name = "stop",
            .summary = "end the running ccgate; open tunnels get timeout.drain",
            .text = "Nothing new is accepted from then on. Open tunnels may go on for\n"
                    "the time in timeout.drain.\n",
            .options = OPTION_CONFIG,
            .keys = VERB_KEYS_INSTANCE,
        },
    [VERB_ENV] =
        {
            .name = "env",
            .summary = "print the variables that lead other programs to ccgate",
            .text =
                "Prints variables for the proxy and, once certificates of the\n"
                "company are built, for trust: eval \"$(ccgate env)\". Nothing is\n"
                "printed that would break a program; what was left out and why is\n"
                "said on standard error, and the exit status is then 1.\n"
                "\n"
                "Forms for --shell: sh, fish, pwsh, systemd (environment.d), docker\n"
                "(--env-file), json, claude (settings.json). With --tool, only the\n"
                "variables of these tools are printed; those of Java never else.\n",
            .options = OPTION_CONFIG | OPTION_SHELL | OPTION_TOOL | OPTION_UNSET,
            .keys = VERB_KEYS_ENV,
        },
    [VERB_AUTH] =
        {
            .name = "auth",
            .argument = "SUBVERB",
            .operand = "[TARGET|USER]",
            .summary = "try, look at, set or free the login",
            .text =
                "auth test  logs in to the proxy once, for a tunnel to TARGET (a URL,\n"
                "           host:port, or example.com:443), and says what the proxy\n"
                "           offered, what was chosen and what came back. A login that\n"
                "           is held back stays so.\n"
                "auth status  shows what is known of logins: accepted, held back, and\n"
                "           where.\n"
                "auth rearm lets a login that is held back be tried again, once: that\n"
                "           of USER, or all.\n"
                "auth set   asks for the password twice and stores it: in the file that\n"
                "           password_file names, else in the desktop's keyring if there\n"
                "           is one, else in ~/.config/ccgate/password; or where --file\n"
                "           or --keyring says. A running ccgate takes it at once. Its\n"
                "           user is that of the configuration, or --username.\n",
            .options = OPTION_CONFIG | OPTION_VERBOSE | OPTION_STDIN | OPTION_KEYRING |
                       OPTION_FILE | OPTION_JSON,
            .keys = VERB_KEYS_ALL,
        },
    [VERB_CA] =
        {
            .name = "ca",
            .argument = "SUBVERB",
            .operand = "[WORD ...]",
            .summary = "hold, check and hand on the company's certificates",
            .text =
                "ca import FILE ...  puts the certificates in FILE (PEM, DER, PKCS#7,\n"
                "           a folder, or - for standard input) beside those that are\n"
                "           held. Whatever is no CA that can be trusted is left out\n"
                "           and named; a file with a private key is refused.\n"
                "ca list    shows what is held: imported, in tls.ca_dir, and in tls.ca.\n"
                "ca fetch HOST HOST ...  takes the company's CA from the wire, through\n"
                "           the proxy: what two hosts at least end in, if it is no\n"
                "           public one. It is held once its fingerprint is typed, or is\n"
                "           that of --expect-fingerprint; else the exit status is 4.\n"
                "ca check [HOST|FILE ...]  explains a server's chain or certificates of\n"
                "           CAs: form, dates, strength, what is missing, and how programs\n"
                "           verify them; without a word, those that are held.\n"
                "ca remove FINGERPRINT|NAME ...  gives imported ones up.\n"
                "ca build   writes ca/corp-only.pem, for settings that add to the public\n"
                "           roots, and ca/bundle.pem, for those that replace them (and\n"
                "           ca/java.p12, the same for Java), into the state folder.\n"
                "ca install puts these into the files of the tools that are there, or\n"
                "           of those in --tool, or with --system into the trust store\n"
                "           of the distribution; it shows the changes and asks.\n"
                "ca uninstall  takes back exactly that: all, or what is chosen so.\n"
                "ca status [HOST ...]  says whether these are current, what expires\n"
                "           within 60 days, and whether hosts, else those of the last\n"
                "           fetch, still show a chain that ends in what is held. The exit\n"
                "           status is 1 if there is something to do.\n"
                "ca watch [HOST ...]  puts that into the log, once, or with --interval\n"
                "           for as long as it runs. It changes nothing.\n",
            .options = OPTION_CONFIG | OPTION_VERBOSE | OPTION_JSON | OPTION_ROOTS |
                       OPTION_EXPECT | OPTION_INTERVAL | OPTION_TOOL | OPTION_SYSTEM |
                       OPTION_REPLACE | OPTION_DRY_RUN | OPTION_YES,
            .keys = VERB_KEYS_ALL,
        },
    [VERB_IMPORT] =
        {
            .name = "import",
            .argument = "FILE",
            .summary = "turn a cntlm.conf or px.ini into a ccgate.yaml",
            .text =
                "Prints the configuration that FILE stands for. What cannot be carried\n"
                "over stands at its end, with the reason. A password is never printed;\n"
                "--secret-file puts it into a file of its own, of mode 0600.\n",
            .options = OPTION_SECRET_FILE,
        },
    [VERB_HELP] =
        {
            .name = "help",
            .argument = "[VERB]",
            .summary = "explain a verb and its options",
            .text = "Explains one verb, or lists them all.\n",
        },
    [VERB_VERSION] =
        {
            .name = "version",
            .summary = "print the version",
            .text = "Prints the version of ccgate.\n",
        },
};

static const struct option_info OPTIONS[] = {
    {"config", 0, OPTION_CONFIG, "FILE", "read FILE instead of the usual files",
     offsetof(struct options, config_file)},
    {"json", 0, OPTION_JSON, NULL, "print JSON", 0},
    {"show-origin", 0, OPTION_SHOW_ORIGIN, NULL, "say where each value comes from", 0},
    {"trace", 0, OPTION_TRACE, NULL, "say all that was looked at on the way", 0},
    {"id", 0, OPTION_ID, "ID", "explain the request that has this id in the log",
     offsetof(struct options, id)},
    {"schema", 0, OPTION_SCHEMA, NULL, "print the JSON schema of the file instead", 0},
    {"stdin", 0, OPTION_STDIN, NULL, "read the password from standard input", 0},
    {"keyring", 0, OPTION_KEYRING, NULL, "store it in the desktop's keyring", 0},
    {"file", 0, OPTION_FILE, "FILE", "store it in this file",
     offsetof(struct options, file)},
    {"roots", 0, OPTION_ROOTS, "FILE", "the public roots, if not those of the system",
     offsetof(struct options, roots)},
    {"expect-fingerprint", 0, OPTION_EXPECT, "SHA256",
     "the fingerprint that the CA must have", offsetof(struct options, expect)},
    {"interval", 0, OPTION_INTERVAL, "TIME", "look again after each such time",
     offsetof(struct options, interval)},
    {"secret-file", 0, OPTION_SECRET_FILE, "FILE", "store the password found there",
     offsetof(struct options, secret_file)},
    {"shell", 0, OPTION_SHELL, "FORM", "print for this shell or program",
     offsetof(struct options, shell)},
    {"tool", 0, OPTION_TOOL, "NAME,...", "only for these tools",
     offsetof(struct options, tool)},
    {"system", 0, OPTION_SYSTEM, NULL, "for the trust store of the distribution", 0},
    {"replace", 0, OPTION_REPLACE, NULL, "take over settings that say otherwise", 0},
    {"dry-run", 0, OPTION_DRY_RUN, NULL, "only show what would be changed", 0},
    {"yes", 0, OPTION_YES, NULL, "do it without asking", 0},
    {"unset", 0, OPTION_UNSET, NULL, "unset what was set by this command", 0},
    {"verbose", 'v', OPTION_VERBOSE, NULL, "the same as --log-level=debug", 0},
    {"help", 'h', OPTION_HELP, NULL, "explain the verb and its options", 0},
    {"version", 'V', OPTION_VERSION, NULL, "print the version", 0},
    {NULL, 0, 0, NULL, NULL, 0},
};

const struct verb_info *verb_info(enum verb verb)
{
    return &VERBS[verb];
}

bool verb_find(struct span name, enum verb *verb)
{
    for (unsigned i = 0; i < VERB_COUNT; i++)
        if (span_equal(name, span_of(VERBS[i].name))) {
            *verb = (enum verb)i;
            return true;
        }
    return false;
}

const struct option_info *option_table(void)
{
    return OPTIONS;
}
