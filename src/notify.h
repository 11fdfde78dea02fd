/*
 * notify: tells the service manager how we are (sd_notify(3)), by one datagram to
 * $NOTIFY_SOCKET. Without that variable nothing happens.
 */
#ifndef CCGATE_NOTIFY_H
#define CCGATE_NOTIFY_H

/* Lines such as "READY=1\nSTATUS=...", as printf writes them. */
void notify(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* RELOADING=1 with the time that Type=notify-reload wants; READY=1 must follow. */
void notify_reloading(void);

#endif
