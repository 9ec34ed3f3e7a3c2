/* verify_inner: what the files of verify share. */
#pragma once

#include "relay/rules/audit_chain.h"
#include "relay/rules/member.h"
#include "relay/store/store_inner.h"
#include "relay/store/verify.h"

struct verify_entry {
    uint64_t n;
    size_t body_len;
    bool has_body;
};
struct verify_lane {
    uint64_t lines, n, epoch; /* of the last line */
};
struct verify_names {
    char **list;
    size_t n, cap;
};
struct verify_numbers {
    uint64_t *list;
    size_t n, cap;
};
struct verify_epoch {
    uint64_t epoch, n;
};

struct verify_holds {
    uint64_t open, closed, bytes, open_listed, closed_listed;
    uint64_t said, said_bytes; /* as the facts say it */
};

struct verify {
    struct verify_report report;
    uint64_t floor[2], last[2]; /* of each lane, as the facts say it */
    struct verify_lane lanes[2];
    struct verify_epoch *epochs;
    size_t epochs_n, epochs_cap;
    struct verify_entry *entries; /* by number, once a body is asked for */
    size_t entries_n, entries_cap;
    bool sorted;
    struct verify_numbers recalled;
    struct verify_names listed, kept; /* members: in the list; with a record */
    struct audit_chain audit;         /* up to the line that was taken last */
    struct audit_chain audit_said;    /* its head, as the facts say it */
    bool audit_broken;
    struct verify_holds holds;
};

/* `where` is the key; what, and what follows, as printf has it. */
void verify_found(struct verify *v, struct span where, const char *what, ...)
    __attribute__((format(printf, 3, 4)));
/* Room for one more in a list. */
void *verify_room(void *list, size_t n, size_t *cap, size_t size);
/* The record of a member, as a key or a line holds it. */
void verify_member(struct verify *v, struct span where, struct span text, struct span host);

/* verify_authors.c */
void verify_authors(struct verify *v, const struct holding *h);
void verify_out(struct verify *v, const struct holding *h);
/* verify_pilots.c */
void verify_warned(struct verify *v, const struct holding *h);
/* verify_audit.c */
void verify_audit(struct verify *v, const struct holding *h);
/* Lines that are missing at the end, or another last one. */
void verify_audit_end(struct verify *v);
/* verify_holds.c */
void verify_hold(struct verify *v, const struct holding *h);
void verify_holds(struct verify *v, const struct holding *h);
/* What the lists and the facts say besides. */
void verify_holds_end(struct verify *v);
/* verify_journal.c */
void verify_lane(struct verify *v, const struct holding *h);
void verify_marks(struct verify *v, const struct holding *h);
void verify_body(struct verify *v, const struct holding *h);
/* The last line, and bodies that are missing. */
void verify_journal_end(struct verify *v);
