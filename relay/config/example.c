/* example: the commented file that `weir init` writes.
 * May not know: where it is written to. */
#include <string.h>

#include "relay/config/config.h"

static const char head[] =
    "# Configuration of a Weir relay. `weir config check` says whether it is right, `weir config\n"
    "# explain` what else can be set. A running relay takes it anew on SIGHUP, whole or not at "
    "all.\n"
    "\n"
    "# Public identity. It is in every id that this relay gives out, so choose it once and for "
    "all.\n"
    "# https:// unless it is loopback.\n"
    "url: ";

static const char middle[] =
    "\n"
    "listen: 127.0.0.1:8080            # the public listener: put a TLS proxy before it\n"
    "metrics: 127.0.0.1:9090           # /metrics /livez /readyz: not for the public\n"
    "data: ./weir-data                 # keys, admin socket, embedded Redis; relative to this "
    "file\n"
    "redis: embedded                   # or redis://[user:password@]host:6379/0, or unix:/path\n"
    "workers: auto                     # couriers; 0 = everything in one process\n"
    "\n"
    "# Circles of trust. Every member belongs to one zone, by its host: NAME or NAME:PORT; *.NAME\n"
    "# stands for all names below it, and a * may end a port. No host may fit two zones.\n"
    "zones:\n"
    "  internal:\n"
    "    hosts: [\"";

static const char tail[] =
    "10.0.0.0/8]   # private addresses its hosts may have, besides public ones\n"
    "    join: open                    # open | approval | invited\n"
    "  partners:\n"
    "    hosts: []                     # or by invitation: weir member invite HOST --zone "
    "partners\n"
    "    join: invited\n"
    "\n"
    "# What may cross from one zone to another; the first rule that matches decides. Across zones\n"
    "# the default is deny, inside a zone allow. \"*\" stands for any other zone. Tags are without "
    "#.\n"
    "rules:\n"
    "  - { name: shared, from: internal, to: partners, when: { tags: [partners] }, then: allow }\n"
    "  - { name: back,   from: partners, to: internal, then: allow }\n";

/* The departments of relay.corp.example are likely below corp.example; of relay.example nothing can
 * be said. */
static struct span domain_of(struct span url)
{
    struct span host = {url.p + strlen("https://"), url.n - strlen("https://")};
    struct span rest = host;
    span_cut(&rest, '.');
    return rest.p && span_find(rest, '.') > 0 && span_find(rest, ':') < 0 ? rest
                                                                          : SPAN("corp.example");
}

void config_example(const char *url, struct bytes *out)
{
    struct span given = url ? span_of(url) : SPAN("http://127.0.0.1:8080");
    bytes_add_str(out, head);
    bytes_add(out, given);
    bytes_add_str(out, middle);
    if (span_starts(given, SPAN("https://"))) {
        bytes_add_str(out, "*.");
        bytes_add(out, domain_of(given));
        bytes_add_str(out, "\"]\n    networks: [");
    } else {
        bytes_add_str(out, "127.0.0.1:91*\", \"*.corp.example\"]\n    networks: [127.0.0.0/8, ");
    }
    bytes_add_str(out, tail);
}
