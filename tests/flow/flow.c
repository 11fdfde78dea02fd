/*
 * flow: the program. Runs the flow files named on its command line, each with both ways
 * of relaying, a few at a time, and prints a line for each: PASS, FAIL or SKIP.
 *
 * CCGATE names the program under test. FLOW_PATIENCE multiplies all deadlines,
 * FLOW_KEEP keeps the directories.
 */
#include "flow.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOBS_AT_ONCE 4
#define EXIT_SKIP    77 /* as Automake has it */

enum { LIMIT_S = 300 }; /* of one flow; each wait in it has a shorter one */

static const char *const relays[] = {"copy", "splice"};

struct job {
    const char *path;
    const char *relay;
    pid_t pid;
    FILE *output;
};

static struct flow flow; /* of the job's own process */
static unsigned passed, failed, skipped;

static void run_job(const struct job *job)
{
    dup2(fileno(job->output), STDOUT_FILENO);
    signal(SIGPIPE, SIG_IGN);
    (void)alarm(LIMIT_S);
    flow_relay = job->relay;
    flow_parse(&flow, job->path);
    flow_run(&flow);
    flow_clear(&flow);
    fflush(stdout);
    exit(0);
}

static void start_job(struct job *job)
{
    job->output = tmpfile();
    fflush(NULL);
    job->pid = job->output == NULL ? -1 : fork();
    if (job->pid == 0)
        run_job(job);
    if (job->pid < 0) {
        fprintf(stderr, "flow: %s\n", strerror(errno));
        exit(1);
    }
}

static const char *short_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

/* The first line stands behind the result, the rest below it. */
static void report(struct job *job, int status)
{
    const char *result = "FAIL";
    char line[4096];

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        result = "PASS";
        passed++;
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIP) {
        result = "SKIP";
        skipped++;
    } else {
        failed++;
    }
    printf("%s %.*s [%s]", result, (int)strcspn(short_name(job->path), "."),
           short_name(job->path), job->relay);
    if (WIFSIGNALED(status))
        printf(": signal %d", WTERMSIG(status));
    rewind(job->output);
    for (int n = 0; fgets(line, sizeof(line), job->output) != NULL; n++) {
        line[strcspn(line, "\n")] = '\0';
        printf(n == 0 ? ": %s" : "\n  # %s", line);
    }
    printf("\n");
    fflush(stdout);
    fclose(job->output);
}

static void finish_one(struct job *jobs, size_t count)
{
    int status;
    pid_t pid = wait(&status);

    for (size_t i = 0; i < count; i++) {
        if (jobs[i].pid != pid)
            continue;
        report(&jobs[i], status);
        jobs[i].pid = 0; /* the system may give the same one to another job */
    }
}

int main(int argc, char **argv)
{
    size_t count = 2 * (size_t)(argc - 1);
    struct job *jobs;
    size_t running = 0;

    if (argc < 2 || getenv("CCGATE") == NULL) {
        fprintf(stderr, "usage: CCGATE=PROGRAM flow FILE.flow...\n");
        return 2;
    }
    jobs = calloc(count, sizeof(*jobs));
    if (jobs == NULL)
        return 1;
    for (size_t i = 0; i < count; i++) {
        if (running == JOBS_AT_ONCE) {
            finish_one(jobs, i);
            running--;
        }
        jobs[i].path = argv[1 + i / 2];
        jobs[i].relay = relays[i % 2];
        start_job(&jobs[i]);
        running++;
    }
    for (; running > 0; running--)
        finish_one(jobs, count);
    printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
    free(jobs);
    return failed > 0 ? 1 : 0;
}
