/*
 * heap: malloc() with a ceiling on the sum, for an engine that has none of its own.
 */
#include "pac/heap.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

/* In front of each block: its size, and room to keep what follows aligned. */
union head {
    size_t size;
    max_align_t align;
};

static bool fits(struct heap *heap, size_t before, size_t size)
{
    size_t others = heap->used - before;

    if (size <= heap->ceiling && heap->ceiling - size >= sizeof(union head) &&
        others <= heap->ceiling - size - sizeof(union head))
        return true;
    heap->refused = true;
    return false;
}

void *heap_resize(struct heap *heap, void *at, size_t size)
{
    union head *head = at == NULL ? NULL : (union head *)at - 1;
    union head *moved;
    size_t before = head == NULL ? 0 : head->size + sizeof(*head);

    if (size == 0) {
        heap_release(heap, at);
        return NULL;
    }
    if (!fits(heap, before, size))
        return NULL;
    moved = realloc(head, size + sizeof(*head));
    if (moved == NULL) {
        heap->refused = true;
        return NULL;
    }
    moved->size = size;
    heap->used = heap->used - before + size + sizeof(*head);
    return moved + 1;
}

void *heap_alloc(struct heap *heap, size_t size)
{
    return heap_resize(heap, NULL, size);
}

void heap_release(struct heap *heap, void *at)
{
    union head *head;

    if (at == NULL)
        return;
    head = (union head *)at - 1;
    heap->used -= head->size + sizeof(*head);
    free(head);
}
