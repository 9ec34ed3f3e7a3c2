/* loop_uv: the libuv loop behind a struct loop, for the files of common/io alone. Nobody above may
 * include this: the machines know loop.h, and the scenario tests put a loop in virtual time there.
 */
#pragma once

#include <uv.h>

#include "common/io/loop.h"

/* Borrowed; lives as long as the loop. Handles put on it must be closed, with a close callback that
 * frees them, before loop_free(). */
uv_loop_t *loop_uv(struct loop *loop);
