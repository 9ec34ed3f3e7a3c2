/* cmd_sig: canonicalize, sign and verify one request on standard input.
 *
 * The same code judges here as in the front: signature_read() and signature_verify(). Nothing is
 * fetched; the key comes from a file.
 * May not know: the configuration, the relay, the network. */
#include "relay/cmd_sig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/json.h"
#include "keys/http_signature.h"
#include "relay/args.h"
#include "relay/sig_request.h"

enum { EXIT_DONE, EXIT_REFUSED, EXIT_WRONG_USE };
enum {
    INPUT_MAX = 4 * 1024 * 1024,
    KEY_FILE_MAX = 65536,
    WORDS_MAX = 1024,
    SHOWN_MAX = 200,
    WINDOW_PAST = 65 * 60, /* the defaults of signature.past and signature.future */
    WINDOW_FUTURE = 60 * 60
};
#define ANY_TIME ((int64_t)1 << 60)

static const char usage[] =
    "usage: weir sig canonicalize [--url URL] [--label NAME]\n"
    "       weir sig sign --key FILE --key-id URL [--scheme cavage|rfc9421] [--url URL]\n"
    "                [--now UNIX]\n"
    "       weir sig verify --key PUBFILE [--url URL] [--now UNIX|--any-time] [--json]\n"
    "The HTTP request is read from standard input, keys (PEM) from files.\n";

struct options {
    const char *key, *key_id, *scheme, *url, *now, *label;
    bool any_time, json;
    int64_t seconds; /* now */
};

/* One run: the text that was read, and the request over it. */
struct work {
    struct options options;
    struct bytes text;
    struct sig_request input;
};

static int wrong_use(const char *what, const char *about)
{
    fprintf(stderr, "weir: %s%s%s\n%s", what, about ? " " : "", about ? about : "", usage);
    return EXIT_WRONG_USE;
}

static int refused(enum err e, const char *why)
{
    fprintf(stderr, "weir: %s: %s\n", err_code(e), why ? why : err_title(e));
    return EXIT_REFUSED;
}

/* --- input and output ------------------------------------------------------------------------ */

static bool read_stream(FILE *f, struct bytes *out)
{
    char block[16384];
    size_t n;
    while ((n = fread(block, 1, sizeof(block), f)) > 0 && bytes_add(out, (struct span){block, n}))
        continue;
    return !ferror(f) && !out->over;
}

static int read_input(struct work *w)
{
    struct bytes why;
    int code = EXIT_DONE;
    if (!read_stream(stdin, &w->text)) {
        fputs("weir: standard input can't be read, or is too long\n", stderr);
        return EXIT_WRONG_USE;
    }
    bytes_init(&why, WORDS_MAX);
    if (!sig_request_read(bytes_span(&w->text), w->options.url, &w->input, &why)) {
        fprintf(stderr, "weir: standard input: %s\n",
                why.n ? bytes_str(&why) : "not an HTTP request");
        code = EXIT_WRONG_USE;
    }
    bytes_fini(&why);
    return code;
}

static int write_output(const struct bytes *out)
{
    if (fwrite(bytes_str(out), 1, out->n, stdout) == out->n && fflush(stdout) == 0)
        return EXIT_DONE;
    fprintf(stderr, "weir: standard output: %s\n", strerrordesc_np(errno));
    return EXIT_REFUSED;
}

/* Somebody else's text on a terminal: printable, and not too much of it. */
static void add_shown(struct bytes *out, struct span text)
{
    for (size_t i = 0; i < text.n && i < SHOWN_MAX; i++)
        bytes_add_char(out, text.p[i] >= ' ' && text.p[i] <= '~' ? text.p[i] : '?');
    if (text.n > SHOWN_MAX)
        bytes_add_str(out, "...");
}

/* What is wrong with a signature: the error's sentence, and in brackets where and what exactly. */
static void add_why(struct bytes *out, enum err e, const struct signature *s)
{
    bytes_add_str(out, err_title(e));
    if (!s || !s->why)
        return;
    bytes_add_str(out, " (");
    add_shown(out, s->about);
    bytes_addf(out, "%s%s)", s->about.n ? ": " : "", s->why);
}

/* --- canonicalize ---------------------------------------------------------------------------- */

/* The label asked for, or the only one. -1 where it is not clear. */
static int choose_label(const struct signature *s, const char *name)
{
    for (size_t i = 0; i < s->labels_n; i++)
        if (name ? span_eq_str(s->labels[i].name, name) : s->labels_n == 1)
            return (int)i;
    fprintf(stderr, "weir: %s; there are:", name ? "no such label" : "say which with --label");
    for (size_t i = 0; i < s->labels_n; i++)
        fprintf(stderr, " %.*s", SPAN_ARG(s->labels[i].name));
    fputc('\n', stderr);
    return -1;
}

static int canonicalize(struct work *w)
{
    struct signature s;
    struct bytes out;
    int code = EXIT_WRONG_USE;
    bytes_init(&out, SIGNATURE_BASE_MAX);
    enum err e = signature_parse(&w->input.request, &s);
    if (e) {
        add_why(&out, e, &s);
        code = refused(e, bytes_str(&out));
    } else {
        int label = choose_label(&s, w->options.label);
        if (label >= 0) {
            e = signature_base(&s, (size_t)label, &w->input.request, true, &out);
            code = e ? refused(e, "a covered component is not there, or can't be signed")
                     : write_output(&out);
        }
    }
    bytes_fini(&out);
    return code;
}

/* --- sign ------------------------------------------------------------------------------------ */

static bool replaced(struct span name)
{
    static const char *const names[] = {"date", "digest", "content-digest", "signature",
                                        "signature-input"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (span_eq_ci(name, span_of(names[i])))
            return true;
    return false;
}

static void add_signed(struct bytes *out, const struct sig_request *r, const struct bytes *lines)
{
    bytes_addf(out, "%.*s %.*s %.*s\r\n", SPAN_ARG(r->request.method), SPAN_ARG(r->request.target),
               SPAN_ARG(r->version));
    if (!sig_request_field(r, "Host").p)
        bytes_addf(out, "Host: %s\r\n", r->authority);
    for (size_t i = 0; i < r->request.fields_n; i++)
        if (!replaced(r->fields[i].name))
            bytes_addf(out, "%.*s: %.*s\r\n", SPAN_ARG(r->fields[i].name),
                       SPAN_ARG(r->fields[i].value));
    if (r->request.body.n && !sig_request_field(r, "Content-Length").p)
        bytes_addf(out, "Content-Length: %zu\r\n", r->request.body.n);
    bytes_add(out, bytes_span(lines));
    bytes_add_str(out, "\r\n");
    bytes_add(out, r->request.body);
}

static int sign_with(struct work *w, const struct key *key, enum signature_scheme scheme)
{
    const struct signature_request *request = &w->input.request;
    struct span host = sig_request_field(&w->input, "Host");
    struct signature_order order = {.scheme = scheme,
                                    .key = key,
                                    .key_id = span_of(w->options.key_id),
                                    .method = request->method,
                                    .url_scheme = request->scheme,
                                    .authority = host.p ? host : request->authority,
                                    .target = request->target,
                                    .body = request->body,
                                    .now = w->options.seconds};
    struct bytes lines, out;
    bytes_init(&lines, 2 * SIGNATURE_FIELD_MAX);
    bytes_init(&out, 2 * INPUT_MAX);
    if (request->body.n)
        order.content_type = sig_request_field(&w->input, "Content-Type");
    if (scheme == SIGNATURE_RFC9421)
        order.authority = request->authority;
    enum err e = signature_write(&order, &lines);
    int code = e ? refused(e, NULL) : EXIT_DONE;
    if (!e) {
        add_signed(&out, &w->input, &lines);
        code = write_output(&out);
    }
    bytes_fini(&out);
    bytes_fini(&lines);
    return code;
}

/* Host and --url must say the same, or nobody could verify it. */
static bool host_agrees(const struct sig_request *r)
{
    char authority[URI_AUTHORITY_SIZE];
    struct span host = sig_request_field(r, "Host");
    bool https = span_eq_str(r->request.scheme, "https");
    return !host.p ||
           (uri_authority(host, https, authority) && strcmp(authority, r->authority) == 0);
}

static int sign(struct work *w)
{
    struct bytes why;
    struct key *key;
    const char *name = w->options.scheme ? w->options.scheme : "cavage";
    bool cavage = strcmp(name, "cavage") == 0;
    if (!cavage && strcmp(name, "rfc9421") != 0)
        return wrong_use("no such scheme:", name);
    if (!host_agrees(&w->input))
        return wrong_use("Host is not that of --url", w->options.url);
    bytes_init(&why, WORDS_MAX);
    enum err e = key_load(w->options.key, &why, &key);
    int code = e ? refused(e, bytes_str(&why))
                 : sign_with(w, key, cavage ? SIGNATURE_CAVAGE : SIGNATURE_RFC9421);
    key_free(&key);
    bytes_fini(&why);
    return code;
}

/* --- verify ---------------------------------------------------------------------------------- */

/* What `verify` has to say. */
struct report {
    struct signature shown; /* as the fields say it, before anything was judged */
    enum err verdict;
    struct bytes why;
    bool looked_up; /* the relay would look this keyId up */
};

static const char *scheme_name(const struct report *r)
{
    return r->shown.scheme == SIGNATURE_CAVAGE ? "cavage" : "rfc9421";
}

static void text_label(const struct signature_label *label, struct bytes *out)
{
    if (label->name.p)
        bytes_addf(out, "label:     %.*s\n", SPAN_ARG(label->name));
    bytes_add_str(out, "keyId:     ");
    add_shown(out, label->key_id);
    if (label->algorithm.p) {
        bytes_add_str(out, "\nalgorithm: ");
        add_shown(out, label->algorithm);
    }
    if (label->created != INT64_MIN)
        bytes_addf(out, "\ncreated:   %lld", (long long)label->created);
    if (label->expires != INT64_MIN)
        bytes_addf(out, "\nexpires:   %lld", (long long)label->expires);
    bytes_add_str(out, "\ncovered:  ");
    for (size_t i = 0; i < label->names_n; i++)
        bytes_addf(out, " %.*s", SPAN_ARG(label->names[i]));
    bytes_add_char(out, '\n');
}

static void report_text(const struct report *r, struct bytes *out)
{
    if (r->shown.labels_n)
        bytes_addf(out, "scheme:    %s\n", scheme_name(r));
    for (size_t i = 0; i < r->shown.labels_n; i++)
        text_label(&r->shown.labels[i], out);
    bytes_addf(out, "verdict:   %s\ncode:      %s\n", r->verdict ? "refused" : "verified",
               err_code(r->verdict));
    if (r->verdict)
        bytes_addf(out, "why:       %s\n", bytes_str(&r->why));
    if (!r->verdict && !r->looked_up)
        bytes_add_str(out, "note:      a relay would not look this keyId up: it is no https URL\n");
}

static void json_label(const struct signature_label *label, struct json_writer *w)
{
    json_open(w, '{');
    json_member(w, "label", label->name);
    json_member(w, "keyId", label->key_id);
    json_member(w, "algorithm", label->algorithm);
    if (label->created != INT64_MIN)
        json_member_int(w, "created", label->created);
    if (label->expires != INT64_MIN)
        json_member_int(w, "expires", label->expires);
    json_key(w, "covered");
    json_open(w, '[');
    for (size_t i = 0; i < label->names_n; i++)
        json_add_text(w, label->names[i]);
    json_close(w, ']');
    json_close(w, '}');
}

static void report_json(const struct report *r, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '{');
    json_member(&w, "verdict", r->verdict ? SPAN("refused") : SPAN("verified"));
    json_member(&w, "code", span_of(err_code(r->verdict)));
    if (r->verdict)
        json_member(&w, "why", bytes_span(&r->why));
    if (r->shown.labels_n) {
        json_member(&w, "scheme", span_of(scheme_name(r)));
        json_member_bool(&w, "keyIdAccepted", r->looked_up);
    }
    json_key(&w, "labels");
    json_open(&w, '[');
    for (size_t i = 0; i < r->shown.labels_n; i++)
        json_label(&r->shown.labels[i], &w);
    json_close(&w, ']');
    json_close(&w, '}');
    bytes_add_char(out, '\n');
}

static void judge(const struct work *w, struct span pem, struct report *r)
{
    static const struct pubkey_limits limits = {KEY_RSA_BITS, KEY_RSA_BITS_MAX};
    const struct signature_request *request = &w->input.request;
    struct signature_window window = {w->options.seconds, WINDOW_PAST, WINDOW_FUTURE};
    struct signature s;
    struct pubkey *key = NULL;
    struct uri uri;
    if (w->options.any_time)
        window = (struct signature_window){0, ANY_TIME, ANY_TIME};
    r->verdict = signature_parse(request, &r->shown);
    if (r->verdict) {
        add_why(&r->why, r->verdict, &r->shown);
        return;
    }
    r->looked_up = signature_key_id(r->shown.labels[0].key_id, false, &uri) == ERR_OK;
    r->verdict = signature_read(request, &window, &s);
    if (r->verdict) {
        add_why(&r->why, r->verdict, &s);
        return;
    }
    r->verdict = pubkey_read(pem, &limits, &key);
    if (!r->verdict)
        r->verdict = signature_verify(&s, request, key);
    if (r->verdict)
        add_why(&r->why, r->verdict, NULL);
    pubkey_free(&key);
}

static int verify_with(const struct work *w, struct span pem)
{
    struct report report = {.looked_up = false};
    struct bytes out;
    bytes_init(&report.why, WORDS_MAX);
    bytes_init(&out, 16 * SIGNATURE_FIELD_MAX);
    judge(w, pem, &report);
    if (w->options.json)
        report_json(&report, &out);
    else
        report_text(&report, &out);
    int code = write_output(&out);
    bytes_fini(&out);
    bytes_fini(&report.why);
    return code || report.verdict ? EXIT_REFUSED : EXIT_DONE;
}

static int verify(struct work *w)
{
    struct bytes pem;
    FILE *f = fopen(w->options.key, "re");
    if (!f) {
        fprintf(stderr, "weir: %s: %s\n", w->options.key, strerrordesc_np(errno));
        return EXIT_WRONG_USE;
    }
    bytes_init(&pem, KEY_FILE_MAX);
    int code = EXIT_WRONG_USE;
    if (read_stream(f, &pem))
        code = verify_with(w, bytes_span(&pem));
    else
        fprintf(stderr, "weir: %s: can't be read, or is too long\n", w->options.key);
    fclose(f);
    bytes_fini(&pem);
    return code;
}

/* --- the verb -------------------------------------------------------------------------------- */

/* The options of each word; what is not its own is unknown to it. */
static bool read_options(const char *word, struct options *o, int argc, char **argv)
{
    const struct arg canonicalize_items[] = {{"--url", &o->url, NULL},
                                             {"--label", &o->label, NULL}};
    const struct arg sign_items[] = {{"--url", &o->url, NULL},
                                     {"--key", &o->key, NULL},
                                     {"--key-id", &o->key_id, NULL},
                                     {"--scheme", &o->scheme, NULL},
                                     {"--now", &o->now, NULL}};
    const struct arg verify_items[] = {{"--url", &o->url, NULL},
                                       {"--key", &o->key, NULL},
                                       {"--now", &o->now, NULL},
                                       {"--any-time", NULL, &o->any_time},
                                       {"--json", NULL, &o->json}};
    struct args args = {canonicalize_items, 2, usage, 0, 0};
    if (strcmp(word, "sign") == 0)
        args = (struct args){sign_items, 5, usage, 0, 0};
    else if (strcmp(word, "verify") == 0)
        args = (struct args){verify_items, 5, usage, 0, 0};
    const char *none[1];
    return args_read(&args, argc, argv, none);
}

/* What must be there, and the time. */
static int check_options(const char *word, struct options *o)
{
    uint64_t now = 0;
    bool keys = strcmp(word, "canonicalize") != 0;
    if (keys && !o->key)
        return wrong_use("--key is missing", NULL);
    if (strcmp(word, "sign") == 0 && !o->key_id)
        return wrong_use("--key-id is missing", NULL);
    if (o->now && o->any_time)
        return wrong_use("--now or --any-time, not both", NULL);
    if (o->now && !span_u64(span_of(o->now), 253402300799, &now)) /* the end of the year 9999 */
        return wrong_use("--now wants seconds since 1970, not", o->now);
    o->seconds = o->now ? (int64_t)now : clock_wall_ms() / 1000;
    return EXIT_DONE;
}

int cmd_sig(int argc, char **argv)
{
    static const struct {
        const char *word;
        int (*run)(struct work *w);
    } table[] = {{"canonicalize", canonicalize}, {"sign", sign}, {"verify", verify}};
    const char *word = argc > 1 ? argv[1] : NULL;
    size_t i = 0;
    while (word && i < 3 && strcmp(word, table[i].word) != 0)
        i++;
    if (!word || i == 3)
        return wrong_use(word ? "sig does not know" : "sig: say what to do", word);
    struct work w = {.options = {.key = NULL}};
    if (!read_options(word, &w.options, argc - 1, argv + 1))
        return EXIT_WRONG_USE;
    int code = check_options(word, &w.options);
    if (code)
        return code;
    bytes_init(&w.text, INPUT_MAX);
    code = read_input(&w);
    if (!code)
        code = table[i].run(&w);
    bytes_fini(&w.text);
    return code;
}
