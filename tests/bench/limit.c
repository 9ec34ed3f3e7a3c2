/* limit: what signatures cost on the cores that this process may use: the measure for everything
 * else in a run.
 *
 *     bench_limit KEY.pem SECONDS     how many a second, when the cores do nothing else
 *     bench_limit KEY.pem beside      the CPU of one, while others work: a few signatures now and
 *                                     then, until standard input ends
 *
 * A text as long as one that is signed for a delivery is signed with a context copied from one that
 * was set up once: the cheapest way that OpenSSL has. Prints a line of JSON; `beside` says that it
 * has begun with a line before.
 *
 * May not know: Weir; whose key it is. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    THREADS_MAX = 256,
    TEXT_SIZE = 260,
    SIGNATURE_MAX = 512,
    WARM_UP = 8,
    BURST = 4,     /* signatures in a row; a courier, too, does other things between them */
    PAUSE_MS = 15, /* between bursts: 7 % of a core is taken, or less */
    BURSTS_MAX = 16384,
};

struct run {
    EVP_MD_CTX *prepared;
    pthread_barrier_t start;
    int64_t for_ns;
};

struct signer {
    pthread_t thread;
    struct run *run;
    uint64_t signs;
    int64_t wall_ns, cpu_ns;
};

static void give_up(const char *what)
{
    fprintf(stderr, "bench_limit: %s\n", what);
    exit(1);
}

static int64_t now_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void sign_once(EVP_MD_CTX *ctx, const EVP_MD_CTX *prepared)
{
    unsigned char text[TEXT_SIZE] = {0}, signature[SIGNATURE_MAX];
    size_t n = sizeof(signature);
    if (EVP_MD_CTX_copy_ex(ctx, prepared) != 1 ||
        EVP_DigestSign(ctx, signature, &n, text, sizeof(text)) != 1)
        give_up("the key does not sign");
}

static void *sign_on(void *arg)
{
    struct signer *s = arg;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx)
        give_up("no context");
    for (int i = 0; i < WARM_UP; i++)
        sign_once(ctx, s->run->prepared);
    pthread_barrier_wait(&s->run->start);
    int64_t wall = now_ns(CLOCK_MONOTONIC), cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
    do {
        sign_once(ctx, s->run->prepared);
        s->signs++;
    } while (now_ns(CLOCK_MONOTONIC) - wall < s->run->for_ns);
    s->wall_ns = now_ns(CLOCK_MONOTONIC) - wall;
    s->cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
    EVP_MD_CTX_free(ctx);
    return NULL;
}

static EVP_MD_CTX *prepare(const char *path)
{
    FILE *file = fopen(path, "re");
    EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!key || EVP_PKEY_get_bits(key) != 2048 || !EVP_PKEY_is_a(key, "RSA"))
        give_up("not an RSA key of 2048 bits");
    if (!ctx || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1)
        give_up("the key can't be used");
    EVP_PKEY_free(key);
    fclose(file);
    return ctx;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The mean of the bursts but the longest twentieth: in a few the machine itself was away, which
 * happens to whoever is measured as well, but not in the same measure within a second or two. */
static void sign_beside(const EVP_MD_CTX *prepared)
{
    static int64_t took_ns[BURSTS_MAX];
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t n = 0;
    if (!ctx)
        give_up("no context");
    for (int i = 0; i < WARM_UP; i++)
        sign_once(ctx, prepared);
    puts("beside");
    fflush(stdout);
    do {
        int64_t began = now_ns(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < BURST; i++)
            sign_once(ctx, prepared);
        took_ns[n++ % BURSTS_MAX] = now_ns(CLOCK_THREAD_CPUTIME_ID) - began;
    } while (poll(&input, 1, PAUSE_MS) == 0);
    size_t kept = n < BURSTS_MAX ? n : BURSTS_MAX;
    qsort(took_ns, kept, sizeof(*took_ns), by_size);
    size_t counted = kept - kept / 20;
    double sum_ns = 0;
    for (size_t i = 0; i < counted; i++)
        sum_ns += (double)took_ns[i];
    printf("{\"signs\": %zu, \"sign_us\": %.2f}\n", n * BURST,
           sum_ns / (double)(counted * BURST) / 1000);
    EVP_MD_CTX_free(ctx);
}

static int cores(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < THREADS_MAX ? n : THREADS_MAX;
}

static void report(const struct signer *signers, int n)
{
    double signs = 0, cpu_ns = 0, per_s = 0;
    for (int i = 0; i < n; i++) {
        signs += (double)signers[i].signs;
        cpu_ns += (double)signers[i].cpu_ns;
        per_s += (double)signers[i].signs * 1e9 / (double)signers[i].wall_ns;
    }
    printf("{\"threads\": %d, \"signs\": %.0f, \"signs_per_s\": %.1f, \"sign_us\": %.2f}\n", n,
           signs, per_s, cpu_ns / signs / 1000);
}

static void sign_on_all(EVP_MD_CTX *prepared, double seconds)
{
    static struct signer signers[THREADS_MAX];
    struct run run = {.prepared = prepared, .for_ns = (int64_t)(seconds * 1e9)};
    int n = cores();
    pthread_barrier_init(&run.start, NULL, (unsigned)n);
    for (int i = 0; i < n; i++) {
        signers[i].run = &run;
        if (pthread_create(&signers[i].thread, NULL, sign_on, &signers[i]) != 0)
            give_up("no thread");
    }
    for (int i = 0; i < n; i++)
        pthread_join(signers[i].thread, NULL);
    report(signers, n);
    pthread_barrier_destroy(&run.start);
}

int main(int argc, char **argv)
{
    bool beside = argc == 3 && strcmp(argv[2], "beside") == 0;
    double seconds = argc == 3 && !beside ? strtod(argv[2], NULL) : 0;
    if (!beside && (seconds < 0.01 || seconds > 600))
        give_up("usage: bench_limit KEY.pem SECONDS|beside (0.01 to 600)");
    EVP_MD_CTX *prepared = prepare(argv[1]);
    if (beside)
        sign_beside(prepared);
    else
        sign_on_all(prepared, seconds);
    EVP_MD_CTX_free(prepared);
    return 0;
}
