/*
 * metrics: the numbers of the process in the text format of Prometheus (version 0.0.4).
 */
#ifndef CCGATE_ADMIN_METRICS_H
#define CCGATE_ADMIN_METRICS_H

#include "admin/status.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Appends all metrics. 0 or the error of buf_append(). */
int metrics_text(const struct status_facts *facts, struct buf *out);

/* Appends a label value with \, " and line feeds escaped. 0 or the error, as above. */
int metrics_label(struct span value, struct buf *out);

#endif
