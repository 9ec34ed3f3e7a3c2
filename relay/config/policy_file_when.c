/* policy_file_when: reads what a rule asks of the facts.
 * May not know: how a value is written (policy_file_words.c), how a fact is found. */
#include "relay/config/policy_file.h"
#include "relay/config/policy_file_inner.h"

static void unknown(struct job *job, const struct yaml_tree *key)
{
    struct span names[FACT_COUNT];
    size_t n = 0;
    for (int i = 0; i < FACT_COUNT; i++)
        names[n++] = span_of(fact_row((enum fact)i)->name);
    mistake_unknown(job->mistakes, key->at, "condition", yaml_tree_text(key), names, n);
}

static void flag_read(struct job *job, struct condition *condition, const struct yaml_tree *value)
{
    const char *name = fact_row(condition->fact)->name;
    if (!kind_is(job, value, TREE_TEXT, name))
        return;
    condition->flag = span_eq_str(yaml_tree_text(value), "true");
    if (!condition->flag && !span_eq_str(yaml_tree_text(value), "false"))
        mistake(job->mistakes, value->at, "%s: %s is neither true nor false", name,
                quoted(yaml_tree_text(value)).text);
}

/* One value, or a list of them: any may hold. */
static void values_read(struct job *job, struct condition *condition, const struct yaml_tree *value)
{
    const struct fact_row *row = fact_row(condition->fact);
    void (*read)(struct job *, struct condition *, const struct yaml_tree *) =
        row->kind == FACT_KIND_NUMBER ? range_read : word_read;
    if (value->kind != TREE_LIST) {
        read(job, condition, value);
        return;
    }
    /* An empty condition would be read as none, and let everything through. */
    if (value->n == 0)
        mistake(job->mistakes, value->at, "%s is empty: leave it out to mean always", row->name);
    if (value->n > POLICY_WORDS_MAX) {
        mistake(job->mistakes, value->values[POLICY_WORDS_MAX]->at, "more than %d in one condition",
                POLICY_WORDS_MAX);
        return;
    }
    for (size_t i = 0; i < value->n; i++)
        read(job, condition, value->values[i]);
}

void conditions_read(struct job *job, struct conditions *conditions, const char *what,
                     const struct yaml_tree *value)
{
    if (!kind_is(job, value, TREE_MAP, what))
        return;
    if (value->n == 0)
        mistake(job->mistakes, value->at, "%s has no condition: leave it out to mean %s", what,
                what[0] == 'w' ? "always" : "never");
    conditions->list = mem_new((value->n + 1) * sizeof(*conditions->list));
    for (size_t i = 0; i < value->n; i++) {
        struct condition *condition = &conditions->list[conditions->n];
        if (!fact_by_name(yaml_tree_text(value->keys[i]), &condition->fact)) {
            unknown(job, value->keys[i]);
            continue;
        }
        conditions->n++;
        if (fact_row(condition->fact)->kind == FACT_KIND_FLAG)
            flag_read(job, condition, value->values[i]);
        else
            values_read(job, condition, value->values[i]);
    }
}
