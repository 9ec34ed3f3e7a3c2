/* story_rig: stories of a journal, in a table of the test's own, and what breaks each of them. */
#pragma once

#include "tests/unit/store/store_rig.h"

struct stories {
    size_t n;
    const char *(*name)(size_t i);
    bool (*holds)(struct rig *rig, size_t i); /* in a journal that it begins */
};

/* A story that does not hold with `to` in a script instead of `from`. */
struct story_break {
    const char *story, *from, *to;
};

MAYBE static void stories_hold(struct rig *rig, const struct stories *stories)
{
    for (size_t i = 0; i < stories->n; i++)
        if (!stories->holds(rig, i))
            fail_msg("%s", stories->name(i));
}

MAYBE static size_t story_named(const struct stories *stories, const char *name)
{
    size_t i = 0;
    while (i < stories->n && strcmp(stories->name(i), name) != 0)
        i++;
    if (i == stories->n)
        fail_msg("no story `%s`", name);
    return i;
}

MAYBE static void stories_break(struct rig *rig, const struct stories *stories,
                                struct redis_script *script, const struct story_break *breaks,
                                size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t story = story_named(stories, breaks[i].story);
        struct mutant m = break_script(script, breaks[i].from, breaks[i].to);
        rig->broken = true;
        bool holds = stories->holds(rig, story);
        rig->broken = false;
        unbreak(&m);
        if (holds)
            fail_msg("%s: holds although `%s` is `%s`", breaks[i].story, breaks[i].from,
                     breaks[i].to);
    }
}
