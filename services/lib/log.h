/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line for the console: formatted without FP registers, put whole into the log ring (START_LOG)
 * or, when there is no room, counted; the next line that fits is preceded by "(N lines lost)".
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LINE_BYTES 240 /* longer lines are cut */

/* %s %c %d %u %x %p %%, with l, ll or z, a width, 0 and -, and a precision for %s. A newline
 * follows. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_vline(const char *format, va_list args);

/* The formatter: at most `size` - 1 bytes and a null byte; returns how many bytes lie before it. */
size_t log_format(char *text, size_t size, const char *format, va_list args);

/* Bytes as they are; all or nothing. False if they did not fit. */
int log_bytes(const void *bytes, size_t size);

#endif
