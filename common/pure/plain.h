/* plain: HTML as plain text, for people to read in a terminal or a form. */
#pragma once

#include "common/pure/bytes.h"

/* Adds the text of a piece of HTML without its markup: tags and comments go, what begins a line in
 * a browser begins one, blanks come singly, entities stand as what they mean (those of numbers, and
 * a few by name; others as they are). What would steer a terminal becomes a blank, what is no UTF-8
 * a question mark. Never more than most bytes: what is longer ends in `...`. Not a parser: nothing
 * may be decided by it. */
void plain_write(struct span html, size_t most, struct bytes *out);
