/* facts_table: the one table of facts that a rule may ask for. It reads the policy, explains a
 * verdict, and feeds the manual page weir-policy(7).
 *
 * Kinds: TEXT (one text or several; a condition matches if any of them does), NUMBER, FLAG. Units
 * of numbers: BYTES, COUNT, SECONDS. Columns: constant, name, kind, unit, folded, prose, missing
 * when. A row is a line.
 *
 * Folded: letters have no case (policy_tag_fold()); the texts come out folded, and what a rule
 * compares them with has to be folded in the same way. Hosts are in the form of uri.authority and
 * are not folded again. */
#pragma once

// clang-format off
#define FACTS_TABLE(X)                                                                                                                                                              \
    X(TYPE,        "type",        TEXT,   NONE,    false, "type of the activity: Create, Update, Announce ...",                                      "never")                       \
    X(OBJECT,      "object",      TEXT,   NONE,    false, "types of the object: Note, Article, Page, Event ...",                                     "the object is only named")    \
    X(TAGS,        "tags",        TEXT,   NONE,    true,  "hashtags, without #",                                                                     "never")                       \
    X(AUTHOR,      "author",      TEXT,   NONE,    false, "id (URL) of the activity's actor",                                                        "never")                       \
    X(AUTHOR_HOST, "author_host", TEXT,   NONE,    false, "host of the activity's actor",                                                            "never")                       \
    X(CONSENT,     "consent",     FLAG,   NONE,    false, "whether the author agreed to be relayed",                                                 "the author's zone asks for no consent") \
    X(BOT,         "bot",         FLAG,   NONE,    false, "whether the author is an automated account",                                              "the author's document is not known") \
    X(INDEXABLE,   "indexable",   FLAG,   NONE,    false, "whether the author wants to be found by search (FEP-5feb); no if the author says nothing", "the author's document is not known") \
    X(VISIBILITY,  "visibility",  TEXT,   NONE,    false, "public, or unlisted (the public collection only in cc)",                                  "neither is said")             \
    X(LANGUAGE,    "language",    TEXT,   NONE,    true,  "languages (BCP 47); of de-AT also de",                                                    "none is said")                \
    X(SIZE,        "size",        NUMBER, BYTES,   false, "bytes as received",                                                                       "nothing was received")        \
    X(ATTACHMENTS, "attachments", NUMBER, COUNT,   false, "how many files are attached; links do not count",                                         "the object is only named")    \
    X(MEDIA,       "media",       TEXT,   NONE,    false, "kinds of media in it: image, video, audio, document, other",                              "the object is only named")    \
    X(SENSITIVE,   "sensitive",   FLAG,   NONE,    false, "whether it is marked as sensitive",                                                       "it is not said")              \
    X(REPLY_TO,    "reply_to",    TEXT,   NONE,    false, "zone of what it answers, other if that is in none, none if it answers nothing; crossed if what it answers went to the other side, or came from there", "the object is only named") \
    X(MENTIONS,    "mentions",    TEXT,   NONE,    false, "zones of those who are mentioned, other if in none",                                      "never")                       \
    X(LINKS,       "links",       TEXT,   NONE,    false, "hosts that it links to, without the author's own",                                        "the object is only named")    \
    X(AGE,         "age",         NUMBER, SECONDS, false, "time since it was published; none if that is to come",                                    "it is not said")              \
    X(PROOF,       "proof",       TEXT,   NONE,    false, "proofs of its own: ld-signature, fep-8b32; or none",                                      "never")                       \
    X(SOFTWARE,    "software",    TEXT,   NONE,    true,  "software of the host that it came from, as it names itself",                              "the software is not known")
// clang-format on
