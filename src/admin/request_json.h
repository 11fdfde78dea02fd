/*
 * request_json: one request as JSON: what it is, from whom, what it waits for, which
 * way was decided and why, and what failed on it. Nothing of its URL that the log does
 * not show.
 */
#ifndef CCGATE_ADMIN_REQUEST_JSON_H
#define CCGATE_ADMIN_REQUEST_JSON_H

#include <jansson.h>

#include "fwd/request_view.h"

/* NULL when memory is out. */
json_t *request_json(const struct server *server, const struct request_view *view);

/* A line for status: what waits, or relays. */
json_t *request_brief_json(const struct request_view *view);

/* Says why there is no request of that id, as a line. 0 or the error of buf_append().
 */
int request_unknown(const struct server *server, request_id id, struct buf *out);

/* ---- the decision once more ---- */

struct rerun;

/* The object is the receiver's; NULL: memory was out. */
typedef void rerun_callback(void *ctx, json_t *rerun);

/*
 * Decides for the same request with trace on, which costs too much for every request;
 * without the query of its URL, which is not kept. The callback comes exactly once,
 * never before this returns, never after rerun_cancel(). NULL when memory is out.
 */
struct rerun *rerun_start(const struct server *server, const struct request_view *view,
                          rerun_callback *callback, void *ctx);
void rerun_cancel(struct rerun *rerun); /* NULL-safe */

#endif
