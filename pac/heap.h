/*
 * heap: malloc() with a ceiling on the sum, for an engine that has none of its own.
 */
#ifndef CCGATE_PAC_HEAP_H
#define CCGATE_PAC_HEAP_H

#include <stdbool.h>
#include <stddef.h>

struct heap {
    size_t used; /* bytes, with our own headers */
    size_t ceiling;
    bool refused; /* an allocation was, since somebody set it to false */
};

/* As malloc(), realloc(), free(); each pointer back to its own heap. */
void *heap_alloc(struct heap *heap, size_t size);
void *heap_resize(struct heap *heap, void *at, size_t size);
void heap_release(struct heap *heap, void *at);

#endif
