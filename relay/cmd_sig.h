/* cmd_sig: the verb `weir sig`: HTTP signatures by hand, for debugging with partners. Needs no
 * configuration and no running relay: a request on standard input, keys in files. */
#pragma once

/* argv[0] is the verb, argv[1] what to do: canonicalize, sign or verify. The request is raw
 * HTTP/1.1, head and body, with CRLF or LF. Returns the exit code: 0 done (verify: verified), 1
 * refused, 2 wrong use, which covers input that is no request.
 *
 * `canonicalize [--url URL] [--label NAME]`: the exact text that is signed, no newline added.
 * `sign --key FILE --key-id URL [--scheme cavage|rfc9421] [--url URL] [--now UNIX]`: the request
 * with the fields of the signature; those it had are replaced.
 * `verify --key PUBFILE [--url URL] [--now UNIX|--any-time] [--json]`: scheme, keyId, what is
 * covered, the verdict, its code and why in words. The key is PEM; the window is that of the
 * default settings.
 *
 * --url is the public address of the server that the request is for; without it, https and what
 * Host says. */
int cmd_sig(int argc, char **argv);
