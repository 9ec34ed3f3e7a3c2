/* date: the two time formats of the wire, without locale or time zone of the machine.
 *
 * A leap second (`:60`) is refused: nobody sends one, and seconds since 1970 cannot say it. */
#pragma once

#include "common/pure/span.h"

enum { DATE_HTTP_SIZE = 30, DATE_ISO_SIZE = 32 };

/* IMF-fixdate (RFC 9110 section 5.6.7), `Sun, 06 Nov 1994 08:49:37 GMT`, and nothing else; the day
 * name must be the date's. ret: seconds since 1970. */
bool date_http_read(struct span text, int64_t *ret);
/* Moments outside the years 0 to 9999 are written as the nearest one inside; so below. */
void date_http_write(int64_t seconds, char out[DATE_HTTP_SIZE]);

/* RFC 3339, any number of fraction digits, Z or an offset. ret: milliseconds since 1970. */
bool date_iso_read(struct span text, int64_t *ret_ms);
/* `2026-01-02T03:04:05Z`, milliseconds dropped. */
void date_iso_write(int64_t ms, char out[DATE_ISO_SIZE]);
/* `2026-01-02T03:04:05.678Z` */
void date_iso_ms_write(int64_t ms, char out[DATE_ISO_SIZE]);
/* A day or a moment as people type it: `2027-04-30` (the last millisecond of that day, UTC) or
 * RFC 3339. */
bool date_day_read(struct span text, int64_t *ret_ms);
