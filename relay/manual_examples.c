/* manual_examples: rules from a company's life, each a whole policy that may be copied into a file.
 * May not know: how a page is written. */
#include "relay/manual.h"

const char manual_cases[] =
    "cases:\n"
    "  - name: what is tagged for partners goes there\n"
    "    from: wiki.corp.example\n"
    "    to: [partners, social.acme.example]\n"
    "    expect: allow\n"
    "    rule: rule-1\n"
    "    activity: {object: {type: Article, tag: {type: Hashtag, name: '#partners'}}}\n"
    "  - from: wiki.corp.example\n"
    "    to: partners\n"
    "    expect: deny\n"
    "    code: no-rule\n"
    "    activity: post.json\n";

const struct manual_example manual_examples[MANUAL_EXAMPLES] = {
    {"What is tagged for partners",
     "zones:\n"
     "  internal: {hosts: ['*.corp.example']}\n"
     "  partners: {hosts: ['*.acme.example']}\n"
     "rules:\n"
     "  - {from: internal, to: partners, when: {tags: partners}, "
     "then: allow}\n"
     "  - {from: partners, to: internal, then: allow}\n",
     "The departments share what they tag, and take whatever the partners post. The short form "
     "speaks for both sides."},
    {"Never outside",
     "zones:\n"
     "  internal:\n"
     "    hosts: ['*.corp.example']\n"
     "    export:\n"
     "      - {to: '*', when: {tags: [internal, confidential, /^draft/]}, then: deny,\n"
     "         reason: marked as internal}\n"
     "      - {to: partners, then: allow}\n"
     "  partners: {hosts: ['*.acme.example'], import: [{from: internal, then: allow}]}\n",
     "All goes to the partners but what is marked. The rule that denies stands first."},
    {"A pilot that ends",
     "zones:\n"
     "  internal: {hosts: ['*.corp.example']}\n"
     "  acme: {hosts: ['*.acme.example']}\n"
     "rules:\n"
     "  - {name: pilot, from: [internal, acme], to: [internal, acme], when: {tags: supplychain},\n"
     "     then: allow, until: 2027-04-30, owner: bob@corp.example, reason: supply chain pilot}\n",
     "Both ways, for one topic, to the end of April. Lists of zones make one rule of two. Named on "
     "both ends, the rule is asked inside each zone too, where it says what holds anyway."},
    {"Partners do not see each other",
     "zones:\n"
     "  internal:\n"
     "    hosts: ['*.corp.example']\n"
     "    export: [{to: partners, when: {tags: partners}, then: allow}]\n"
     "    import: [{from: partners, then: allow}]\n"
     "  partners:\n"
     "    hosts: ['*.acme.example', '*.globex.example']\n"
     "    inside: deny\n"
     "    export: [{to: internal, then: allow}]\n"
     "    import: [{from: internal, then: allow}]\n",
     "They are in one zone, since the same rules are for both; `inside: deny` keeps what one posts "
     "from the other."},
    {"A topic for each partner",
     "zones:\n"
     "  internal:\n"
     "    hosts: ['*.corp.example']\n"
     "    export:\n"
     "      - {to: acme, when: {tags: [steel, 'steel-*']}, then: allow}\n"
     "      - {to: [acme, globex], when: {tags: logistics}, then: allow}\n"
     "  acme: {hosts: ['*.acme.example'], import: [{from: internal, then: allow}]}\n"
     "  globex: {hosts: ['*.globex.example'], import: [{from: internal, then: allow}]}\n",
     "A zone for each, so that each can be told something else."},
    {"What is taken from outside",
     "zones:\n"
     "  internal:\n"
     "    hosts: ['*.corp.example']\n"
     "    import:\n"
     "      - {from: partners, when: {object: [Note, Article, Event], size: '<=64KiB'},\n"
     "         unless: {media: video}, then: allow}\n"
     "  partners: {hosts: ['*.acme.example'], export: [{to: internal, then: allow}]}\n",
     "Texts and dates up to a size, and no videos. All of `when` must hold."},
    {"The press office alone",
     "zones:\n"
     "  internal:\n"
     "    hosts: ['*.corp.example']\n"
     "    export:\n"
     "      - {to: public, when: {author: 'https://news.corp.example/users/press*',\n"
     "         visibility: public}, then: allow}\n"
     "  public: {hosts: ['*.social.example'], import: [{from: '*', then: allow}]}\n",
     "An author is the URL of an actor."},
    {"People, not machines",
     "zones:\n"
     "  internal: {hosts: ['*.corp.example']}\n"
     "  partners: {hosts: ['*.acme.example']}\n"
     "rules:\n"
     "  - {from: '*', to: '*', when: {tags: exchange}, unless: {bot: true}, then: allow}\n",
     "What a bot posts does not cross. The star stands for other zones, so that this says nothing "
     "of what goes on inside one."},
    {"Dropped without a word",
     "zones:\n"
     "  internal: {hosts: ['*.corp.example']}\n"
     "  forum:\n"
     "    hosts: ['*.forum.example']\n"
     "rules:\n"
     "  - {from: forum, to: [forum, internal], when: {links: ['*.casino.example', '/[.]zip$/']},\n"
     "     then: drop}\n"
     "  - {from: forum, to: internal, then: allow}\n",
     "Whoever tries is answered as if it had been taken. The first rule names the forum on both "
     "ends, and so holds inside it as well."},
    {"Colleagues are not named outside",
     "zones:\n"
     "  internal:\n"
     "    hosts: ['*.corp.example']\n"
     "    export:\n"
     "      - {to: '*', when: {mentions: internal}, then: deny}\n"
     "      - {to: '*', when: {language: [en, de], age: '<=7d', attachments: '<=4'}, then: allow}\n"
     "  partners: {hosts: ['*.acme.example'], import: [{from: '*', then: allow}]}\n",
     "And nothing that is old, in another language, or an album. A post that names no language has "
     "none of these, and stays."},
    {"A conversation goes both ways",
     "zones:\n"
     "  internal: {hosts: ['*.corp.example']}\n"
     "  partners: {hosts: ['*.acme.example']}\n"
     "rules:\n"
     "  - {from: internal, to: partners, when: {tags: partners}, then: allow}\n"
     "  - {from: '*', to: '*', when: {reply_to: crossed}, then: allow}\n",
     "The partners may answer what was shared with them, and be answered, without a tag on each "
     "answer. Nothing else that they post comes in, and an answer to what never left stays as "
     "well. What was deleted or recalled opens no way any more."},
};
