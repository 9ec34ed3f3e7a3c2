/* http_unix: one request over a Unix socket, waiting for the answer. The command line's way to its
 * server, which has no loop to keep alive meanwhile.
 * May not know: what is asked. */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/http_client.h"

enum { UNIX_CONNECT_MS = 5000, UNIX_TOTAL_MS = 60000 };

static size_t on_body(char *p, size_t one, size_t n, void *arg)
{
    return bytes_add(arg, (struct span){p, one * n}) ? one * n : 0;
}

/* A connection that ends inside the header would be a good answer to libcurl. */
static size_t on_header(char *p, size_t one, size_t n, void *arg)
{
    bool *whole = arg;
    struct span line = {p, one * n};
    if (span_starts(line, SPAN("HTTP/")))
        *whole = false;
    else if (span_eq(line, SPAN("\r\n")))
        *whole = true;
    return one * n;
}

static void set_up(CURL *easy, const char *method, struct span body, struct bytes *answer)
{
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "weir/" WEIR_VERSION);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)UNIX_CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)UNIX_TOTAL_MS);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
    if (strcmp(method, "GET") != 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.n ? body.p : "");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

static enum err judge(CURLcode rc, bool header_whole, const struct bytes *answer)
{
    if (answer->over)
        return ERR_TOO_LARGE;
    switch (rc) {
    case CURLE_OK: return header_whole ? ERR_OK : ERR_PROTOCOL;
    case CURLE_COULDNT_RESOLVE_HOST: /* no socket can have so long a path */
    case CURLE_COULDNT_CONNECT: return ERR_CONNECT;
    case CURLE_OPERATION_TIMEDOUT: return ERR_TIMEOUT;
    case CURLE_URL_MALFORMAT: return ERR_URL;
    default: return ERR_PROTOCOL;
    }
}

enum err http_unix_call(const char *socket_path, const char *method, const char *path,
                        struct span body, int *ret_status, struct bytes *answer)
{
    struct bytes url;
    bytes_init(&url, 64 * 1024);
    bytes_addf(&url, "http://localhost%s", path);
    CURL *easy = curl_easy_init();
    struct curl_slist *fields = curl_slist_append(NULL, "Expect:");
    struct curl_slist *more =
        curl_slist_append(fields, body.n ? "Content-Type: application/json" : "Content-Type:");
    if (!easy || !fields || !more)
        abort();
    set_up(easy, method, body, answer);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, more);
    curl_easy_setopt(easy, CURLOPT_URL, bytes_str(&url));
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, socket_path);
    bool header_whole = false;
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &header_whole);
    CURLcode rc = curl_easy_perform(easy);
    long status = 0;
    if (header_whole)
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    *ret_status = (int)status;
    curl_slist_free_all(more);
    curl_easy_cleanup(easy);
    bytes_fini(&url);
    return judge(rc, header_whole, answer);
}
