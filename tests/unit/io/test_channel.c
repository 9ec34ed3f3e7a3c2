/* channel: messages stay whole and in order, a descriptor arrives, the end is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/io/channel.h"
#include "common/pure/bytes.h"

enum { HEARD_MAX = 1 << 20, WAIT_MS = 5000 };

struct ear {
    struct loop *loop;
    struct channel *channel;
    struct bytes heard; /* with a bar behind each message */
    unsigned calls, stop_after;
    int fd;
    bool gone, free_inside;
};

static void on_told(void *arg, struct span text, int fd)
{
    struct ear *ear = arg;
    ear->calls++;
    ear->gone = !text.p;
    bytes_add(&ear->heard, text);
    bytes_add_char(&ear->heard, '|');
    if (fd >= 0) {
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        ear->fd = fd;
    }
    if (ear->free_inside)
        channel_free(&ear->channel);
    if (ear->calls >= ear->stop_after || ear->gone)
        loop_stop(ear->loop);
}

static void on_too_late(void *arg)
{
    loop_stop(arg);
}

static void listen_for(struct ear *ear, unsigned messages)
{
    struct timer *limit = timer_new(ear->loop, on_too_late, ear->loop);
    ear->stop_after = ear->calls + messages;
    timer_start(limit, WAIT_MS);
    loop_run(ear->loop);
    timer_free(&limit);
}

/* Two ends on one loop: mouth's callback is never called before the ear is freed. */
static struct channel *ear_init(struct ear *ear)
{
    int pair[2];
    *ear = (struct ear){.loop = loop_new(), .fd = -1};
    bytes_init(&ear->heard, HEARD_MAX);
    assert_int_equal(channel_pair(pair), ERR_OK);
    ear->channel = channel_new(ear->loop, pair[0], on_told, ear);
    return channel_new(ear->loop, pair[1], on_told, ear);
}

static void ear_fini(struct ear *ear, struct channel *mouth)
{
    channel_free(&mouth);
    channel_free(&ear->channel);
    bytes_fini(&ear->heard);
    loop_free(&ear->loop);
}

static void whole_and_in_order(void **state)
{
    struct ear ear;
    (void)state;
    struct channel *mouth = ear_init(&ear);
    assert_true(channel_tell(mouth, SPAN("one"), -1));
    assert_true(channel_tell(mouth, SPAN("two three"), -1));
    assert_true(channel_tell(mouth, SPAN("4"), -1));
    listen_for(&ear, 3);
    assert_string_equal(bytes_str(&ear.heard), "one|two three|4|");
    assert_int_equal(ear.fd, -1);
    ear_fini(&ear, mouth);
}

static void a_descriptor_comes_along(void **state)
{
    struct ear ear;
    char text[8] = "";
    (void)state;
    struct channel *mouth = ear_init(&ear);
    int file = memfd_create("test", MFD_CLOEXEC);
    assert_int_equal(write(file, "inside", 6), 6);
    assert_true(channel_tell(mouth, SPAN("take"), file));
    close(file);
    assert_true(channel_tell(mouth, SPAN("nothing"), -1));
    listen_for(&ear, 2);
    assert_string_equal(bytes_str(&ear.heard), "take|nothing|");
    assert_int_equal(pread(ear.fd, text, sizeof text, 0), 6);
    assert_string_equal(text, "inside");
    close(ear.fd);
    assert_false(channel_tell(mouth, SPAN("no such"), 4000));
    ear_fini(&ear, mouth);
}

static void long_ones_are_cut(void **state)
{
    struct ear ear;
    char *text = malloc(CHANNEL_TEXT_MAX + 10);
    (void)state;
    assert_non_null(text);
    memset(text, 'a', CHANNEL_TEXT_MAX + 10);
    struct channel *mouth = ear_init(&ear);
    assert_true(channel_tell(mouth, (struct span){text, CHANNEL_TEXT_MAX + 10}, -1));
    listen_for(&ear, 1);
    assert_int_equal(ear.heard.n, CHANNEL_TEXT_MAX + 1);
    free(text);
    ear_fini(&ear, mouth);
}

static void the_end_is_told_once(void **state)
{
    struct ear ear;
    (void)state;
    struct channel *mouth = ear_init(&ear);
    assert_true(channel_tell(mouth, SPAN("last words"), -1));
    channel_free(&mouth);
    assert_null(mouth);
    listen_for(&ear, 9);
    assert_true(ear.gone);
    assert_string_equal(bytes_str(&ear.heard), "last words||");
    assert_false(channel_tell(ear.channel, SPAN("hello?"), -1));
    struct timer *later = timer_new(ear.loop, on_too_late, ear.loop);
    timer_start(later, 20);
    loop_run(ear.loop);
    timer_free(&later);
    assert_int_equal(ear.calls, 2);
    ear_fini(&ear, mouth);
}

/* Nobody reads: it says so instead of waiting, and what was sent is whole. */
static void who_does_not_read_is_not_waited_for(void **state)
{
    struct ear ear;
    unsigned sent = 0;
    (void)state;
    struct channel *mouth = ear_init(&ear);
    while (sent < 100000 && channel_tell(mouth, SPAN("again"), -1))
        sent++;
    assert_in_range(sent, 10, 99999);
    listen_for(&ear, sent);
    assert_int_equal(ear.calls, sent);
    assert_true(channel_tell(mouth, SPAN("again"), -1));
    ear_fini(&ear, mouth);
}

static void it_may_be_freed_inside(void **state)
{
    struct ear ear;
    (void)state;
    struct channel *mouth = ear_init(&ear);
    ear.free_inside = true;
    assert_true(channel_tell(mouth, SPAN("one"), -1));
    assert_true(channel_tell(mouth, SPAN("two"), -1));
    listen_for(&ear, 1);
    assert_string_equal(bytes_str(&ear.heard), "one|");
    assert_null(ear.channel);
    ear_fini(&ear, mouth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_and_in_order),
        cmocka_unit_test(a_descriptor_comes_along),
        cmocka_unit_test(long_ones_are_cut),
        cmocka_unit_test(the_end_is_told_once),
        cmocka_unit_test(who_does_not_read_is_not_waited_for),
        cmocka_unit_test(it_may_be_freed_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
