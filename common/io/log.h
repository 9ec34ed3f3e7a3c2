/* log: one line for each thing that happened, written by the machine that owned it, at its end.
 *
 *     struct log_line l;
 *     log_begin(&l, LOG_LEVEL_INFO, "inbox");
 *     log_text(&l, "host", host);
 *     log_int(&l, "status", 202);
 *     log_end(&l);
 *
 * Text of strangers is quoted, escaped and capped (512 bytes a value), so that no line can be
 * forged. Secrets are never passed to these. Output: logfmt or one JSON object a line, to standard
 * error. */
#pragma once

#include "common/pure/bytes.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_LOGFMT, LOG_JSON };

struct log_line {
    struct bytes text;
    enum log_level level;
    bool wanted;
};

/* Standard error, info, logfmt until this is called. */
void log_setup(enum log_format format, enum log_level least);
/* Which of several processes writes: stands in every line from now on, as `role`. */
void log_name(const char *name);
void log_begin(struct log_line *l, enum log_level level, const char *event);
void log_text(struct log_line *l, const char *key, struct span value); /* absent: left out */
void log_str(struct log_line *l, const char *key, const char *value);  /* NULL: left out */
void log_int(struct log_line *l, const char *key, int64_t value);
/* Writes it and frees it. A line that can't be written is dropped and counted. */
void log_end(struct log_line *l);
/* On: lines of level info and debug are gathered and written in one piece, at the latest at the
 * next call; warnings and errors go out at once, behind what was gathered. Each call writes what
 * was gathered. The loop calls it before it sleeps. */
void log_gather(bool on);
/* Lines dropped by this process so far. */
uint64_t log_dropped(void);
/* From now on they are counted in this metric, too. */
void log_meter(size_t metric);
/* One line with one message (`message`), for start and stop. */
void log_note(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
