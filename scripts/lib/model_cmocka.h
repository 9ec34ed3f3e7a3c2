/* A model of cmocka for clang-tidy alone, which reads it before each test: an assertion that fails
 * ends the test there. cmocka's own functions do not say so, and the analyzer goes on past them. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#undef assert_true
#undef assert_false
#undef assert_null
#undef assert_non_null
#define assert_true(c)     ((c) ? (void)0 : __builtin_trap())
#define assert_false(c)    ((c) ? __builtin_trap() : (void)0)
#define assert_null(p)     assert_false(p)
#define assert_non_null(p) assert_true(p)
