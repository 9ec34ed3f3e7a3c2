/* broken_rules: rules that are refused, and where it says so. As broken_files.h, from line 3 on. */
#pragma once

#define WHEN(text) URL AB "rules: [{ from: a, to: b, when: { " text " }, then: allow }]\n"

static const struct golden broken_rules[] = {
    /* the two sides */
    {"inside", URL "zones: { a: { inside: drop } }\n",
     "weir.yaml:2:23: unknown verdict \"drop\"; known here: allow, hold, deny\n"},
    {"export as a mapping", URL "zones: { a: { export: { to: '*' } } }\n",
     "weir.yaml:2:23: export must be a list, not a mapping\n"},
    {"an export without its end", URL "zones: { a: { export: [{ then: deny }] } }\n",
     "weir.yaml:2:24: the rule \"a.export-1\" has no `to`\n"},
    {"an import without its end", URL "zones: { a: { import: [{ then: deny }, { from: '*' }] } }\n",
     "weir.yaml:2:24: the rule \"a.import-1\" has no `from`\n"
     "weir.yaml:2:40: the rule \"a.import-2\" has no `then`\n"},
    {"an export with both ends",
     URL "zones: { a: { export: [{ from: a, to: '*', then: deny }] } }\n",
     "weir.yaml:2:26: what a zone exports says `to`: its `from` is zone a\n"},
    {"an import with both ends",
     URL "zones: { a: { import: [{ from: '*', to: a, then: deny }] } }\n",
     "weir.yaml:2:37: what a zone imports says `from`: its `to` is zone a\n"},
    {"an export to itself", URL "zones: { a: { export: [{ to: [a], then: deny }] } }\n",
     "weir.yaml:2:31: \"a\" is the zone itself: what holds inside it is for `inside` and `rules` "
     "to "
     "say\n"},
    {"an export to an unknown zone",
     URL "zones: { alpha: { export: [{ to: betta, then: deny }] }, beta: {} }\n",
     "weir.yaml:2:34: unknown zone \"betta\"; did you mean \"beta\"?\n"},
    {"key of a zone", URL "zones: { a: { exports: [] } }\n",
     "weir.yaml:2:15: unknown key of a zone \"exports\"; did you mean \"export\"?\n"},
    {"a zone called as a word of conditions", URL "zones: { none: {}, other: {}, crossed: {} }\n",
     "weir.yaml:2:10: a zone can't be called \"none\": in a condition the word means something "
     "else\n"
     "weir.yaml:2:20: a zone can't be called \"other\": in a condition the word means something "
     "else\n"
     "weir.yaml:2:31: a zone can't be called \"crossed\": in a condition the word means something "
     "else\n"},
    {"one name on two sides",
     URL "zones: { a: { export: [{ name: x, to: '*', then: deny }] } }\n"
         "rules: [{ name: x, from: a, to: a, then: deny }]\n",
     "weir.yaml:3:17: the rule on line 2 is called \"x\" already\n"},
    /* what a rule may carry */
    {"verdict", URL AB "rules: [{ from: a, to: b, then: reject }]\n",
     "weir.yaml:3:33: unknown verdict \"reject\"; known here: allow, hold, deny, drop\n"},
    {"until", URL AB "rules: [{ from: a, to: b, then: deny, until: 2027-02-30 }]\n",
     "weir.yaml:3:46: \"2027-02-30\" is no date: 2027-04-30 (to the end of that day, UTC), or "
     "2027-04-30T12:00:00Z\n"},
    {"until in words", URL AB "rules: [{ from: a, to: b, then: deny, until: tomorrow }]\n",
     "weir.yaml:3:46: \"tomorrow\" is no date: 2027-04-30 (to the end of that day, UTC), or "
     "2027-04-30T12:00:00Z\n"},
    {"owner of two lines", URL AB "rules: [{ from: a, to: b, then: deny, owner: \"x\\ny\" }]\n",
     "weir.yaml:3:46: owner must be one line of at most 500 bytes\n"},
    {"reason as a list", URL AB "rules: [{ from: a, to: b, then: deny, reason: [x] }]\n",
     "weir.yaml:3:47: reason must be a text, not a list\n"},
    /* conditions */
    {"unless nothing", URL AB "rules: [{ from: a, to: b, unless: {}, then: allow }]\n",
     "weir.yaml:3:35: unless has no condition: leave it out to mean never\n"},
    {"consent where nobody is asked", WHEN("consent: true"),
     "weir.yaml:3:33: the rule \"rule-1\" asks for consent, which no zone that it is for asks of "
     "its "
     "authors: give the zone `consent: opt-in` or `consent: opt-out`\n"},
    {"consent, another zone asks",
     URL "zones: { a: {}, b: { consent: opt-in } }\n"
         "rules: [{ from: a, to: b, unless: { consent: false }, then: deny }]\n",
     "weir.yaml:3:35: the rule \"rule-1\" asks for consent, which no zone that it is for asks of "
     "its "
     "authors: give the zone `consent: opt-in` or `consent: opt-out`\n"},
    {"consent of no kind", URL "zones: { a: { consent: optin } }\n",
     "weir.yaml:2:24: unknown kind of consent \"optin\"; did you mean \"opt-in\"?\n"},
    {"consent as a list", URL "zones: { a: { consent: [none] } }\n",
     "weir.yaml:2:24: consent must be a text, not a list\n"},
    {"a flag", WHEN("bot: yes"), "weir.yaml:3:40: bot: \"yes\" is neither true nor false\n"},
    {"a flag as a list", WHEN("bot: [true]"), "weir.yaml:3:40: bot must be a text, not a list\n"},
    {"type", WHEN("type: [Create, Anounce]"),
     "weir.yaml:3:50: unknown type \"Anounce\"; did you mean \"Announce\"?\n"},
    {"type with a star", WHEN("type: 'Cre*'"), "weir.yaml:3:41: \"Cre*\" can't have a *\n"},
    {"visibility", WHEN("visibility: pubic"),
     "weir.yaml:3:47: unknown visibility \"pubic\"; did you mean \"public\"?\n"},
    {"media", WHEN("media: picture"),
     "weir.yaml:3:42: unknown media \"picture\"; known here: image, video, audio, document, "
     "other\n"},
    {"proof", WHEN("proof: signed"),
     "weir.yaml:3:42: unknown proof \"signed\"; known here: ld-signature, fep-8b32, none\n"},
    {"zone of a mention", WHEN("mentions: c"),
     "weir.yaml:3:45: unknown zone \"c\"; known here: a, b\n"},
    {"mentions none", WHEN("mentions: none"),
     "weir.yaml:3:45: unknown zone \"none\"; known here: a, b\n"},
    {"an expression where words are known", WHEN("reply_to: /a/"),
     "weir.yaml:3:45: \"/a/\" can't be a regular expression here: the words are known\n"},
    {"an author by name", WHEN("author: '@jo@a.example'"),
     "weir.yaml:3:43: \"@jo@a.example\" is no author: an author is the URL of an actor, such as "
     "https://wiki.corp.example/users/jo, with a * at one end for more\n"},
    {"a host", WHEN("links: ['a b', 'a.*.example']"),
     "weir.yaml:3:43: \"a b\" is not a host: NAME or NAME:PORT, where *.NAME stands for all names "
     "below and a * may end the port\n"
     "weir.yaml:3:50: \"a.*.example\" is not a host: NAME or NAME:PORT, where *.NAME stands for "
     "all "
     "names below and a * may end the port\n"},
    {"two stars", WHEN("tags: '*q*'"),
     "weir.yaml:3:41: \"*q*\" has a * that is not at one end alone\n"},
    {"a star in the middle", WHEN("object: N*e"),
     "weir.yaml:3:43: \"N*e\" has a * that is not at one end alone\n"},
    {"half an expression", WHEN("tags: /q"),
     "weir.yaml:3:41: \"/q\" is no regular expression: it stands between two slashes\n"},
    {"no expression", WHEN("tags: '/(q/'"),
     "weir.yaml:3:41: \"/(q/\": missing closing parenthesis, at byte 3\n"},
    {"numbers", WHEN("size: [64, '<', 64kb, '<=64 KiB', '9..3', '-1']"),
     "weir.yaml:3:46: size: \"<\" is no number or range, such as <=64KiB, >1MiB or 1KiB..64KiB\n"
     "weir.yaml:3:51: size: \"64kb\" is no number or range, such as <=64KiB, >1MiB or "
     "1KiB..64KiB\n"
     "weir.yaml:3:57: size: \"<=64 KiB\" is no number or range, such as <=64KiB, >1MiB or "
     "1KiB..64KiB\n"
     "weir.yaml:3:69: size: no number is \"9..3\"\n"
     "weir.yaml:3:77: size: \"-1\" is no number or range, such as <=64KiB, >1MiB or 1KiB..64KiB\n"},
    {"a count", WHEN("attachments: many"),
     "weir.yaml:3:48: attachments: \"many\" is no number or range, such as <=3, >3 or 2..5\n"},
    {"a time", WHEN("age: '<30'"),
     "weir.yaml:3:40: age: \"<30\" is no number or range, such as <=7d, >1h or 1h..7d\n"},
    {"less than nothing", WHEN("attachments: '<0'"),
     "weir.yaml:3:48: attachments: no number is \"<0\"\n"},
};
