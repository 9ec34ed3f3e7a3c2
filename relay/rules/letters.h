/* letters: dead letters as they are listed: the newest first, of one number by host, so many at a
 * time. Pure. */
#pragma once

#include "relay/rules/book.h"

/* Those that no operator has dropped: behind the letter `of`@host in that order (whether it is
 * still there or not), or from the newest on (of: 0). At most `most` go into ret_list, which are
 * the book's; a letter to several inboxes is several, and not parted. Returns how many;
 * *ret_more: there are more behind the last. */
size_t letters_list(const struct book *book, uint64_t of, const char *host,
                    const struct book_record **ret_list, size_t most, bool *ret_more);
