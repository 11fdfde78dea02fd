/*
 * replay: runs a fuzz target over the files and directories on its command line.
 *
 * `make check` links it in the place of libFuzzer, so that every stored input is tried
 * by any compiler. It fails when it finds no input at all.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

static unsigned long inputs;

static int replay_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size > 0 ? size : 1); /* exact: reading on is noticed */
    int failed = file == NULL || data == NULL || fread(data, 1, size, file) != size;

    if (failed) {
        perror(path);
    } else {
        (void)LLVMFuzzerTestOneInput(data, size);
        inputs++;
    }
    free(data);
    if (file != NULL)
        (void)fclose(file);
    return failed;
}

static int replay_path(const char *path);

static int replay_directory(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    char child[4096];
    int failed = 0;

    if (directory == NULL) {
        perror(path);
        return 1;
    }
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
        failed |= replay_path(child);
    }
    (void)closedir(directory);
    return failed;
}

static int replay_path(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        perror(path);
        return 1;
    }
    return S_ISDIR(st.st_mode) ? replay_directory(path)
                               : replay_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
    int failed = 0;

    for (int i = 1; i < argc; i++)
        failed |= replay_path(argv[i]);
    if (inputs == 0)
        (void)fprintf(stderr, "%s: no input was found\n", argv[0]);
    return failed || inputs == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
