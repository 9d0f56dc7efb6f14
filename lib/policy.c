/* policy: rules that people write, which allow, deny or leave it to them. */
#include "config.h"

#include "policy.h"

#include <fnmatch.h>

#include "alloc.h"
#include "filter.h"

struct rule {
	jv tool, agent;			/* patterns, or JSON_NONE: any */
	struct filter *when;		/* NULL: always */
	enum policy_verdict verdict;
	char *words;			/* or NULL */
};

struct policy {
	struct rule *rules;
	size_t n;
};

#define STRINGS YAML_STRING | YAML_LIST, .each = YAML_STRING

const struct yaml_shape policy_shape[] = {
	{ .key = "agent", .kinds = STRINGS },
	{ .key = "allow", .kinds = YAML_BOOL | YAML_STRING },
	{ .key = "ask", .kinds = YAML_BOOL | YAML_STRING },
	{ .key = "deny", .kinds = YAML_BOOL | YAML_STRING },
	{ .key = "tool", .kinds = STRINGS },
	{ .key = "when", .kinds = YAML_STRING },
	YAML_SHAPE_END
};

static const struct {
	const char *key;
	enum policy_verdict verdict;
} verdicts[] = {
	{ "allow", POLICY_ALLOW },
	{ "ask", POLICY_ASK },
	{ "deny", POLICY_DENY },
};

void
policy_free(struct policy *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++) {
		jv_free(p->rules[i].tool);
		jv_free(p->rules[i].agent);
		filter_free(p->rules[i].when);
		free(p->rules[i].words);
	}
	free(p->rules);
	free(p);
}

/* Exactly one of the three says what happens. */
static int
read_verdict(const jv *rule, struct rule *ret, struct err *e)
{
	int found = 0;

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++) {
		AUTO_JV jv v = json_get(rule, verdicts[i].key);
		if (!json_is_true(&v))
			continue;
		found++;
		ret->verdict = verdicts[i].verdict;
		free(ret->words);
		ret->words = json_is(&v, JSON_STRING) ?
		    xstrdup(json_string(&v)) : NULL;
	}
	if (found != 1)
		return err_set(e, ST_CONFIG, "it needs one of 'allow', 'deny' "
		    "and 'ask'");
	return 0;
}

static int
read_rule(const jv *rule, struct rule *ret, struct err *e)
{
	const char *when = json_str(rule, "when");

	ret->tool = json_get(rule, "tool");
	ret->agent = json_get(rule, "agent");
	if (read_verdict(rule, ret, e) < 0)
		return -1;
	if (!when)
		return 0;
	ret->when = filter_new(when, NULL, e);
	return ret->when ? 0 : -1;
}

struct policy *
policy_new(const jv *rules, struct err *e)
{
	struct policy *p = xcalloc(1, sizeof(*p));

	p->rules = xcalloc(json_count(rules), sizeof(*p->rules));
	for (size_t i = 0; i < json_count(rules); i++) {
		AUTO_JV jv rule = json_at(rules, i);

		p->rules[p->n] = (struct rule){
			.tool = JSON_NONE, .agent = JSON_NONE
		};
		p->n++;
		if (read_rule(&rule, &p->rules[i], e) < 0) {
			err_prefix(e, "policy: rule %zu", i + 1);
			policy_free(p);
			return NULL;
		}
	}
	return p;
}

/* Whether `name` fits a pattern or one of a list; all fit none at all. */
static bool
fits(const jv *patterns, const char *name)
{
	if (json_is(patterns, JSON_STRING))
		return name && fnmatch(json_string(patterns), name, 0) == 0;
	for (size_t i = 0; i < json_count(patterns); i++) {
		AUTO_JV jv one = json_at(patterns, i);
		if (fits(&one, name))
			return true;
	}
	return json_is(patterns, JSON_NOTHING);
}

static bool
applies(const struct rule *r, const jv *subject)
{
	struct err e = ERR_INIT;
	int is_true;

	if (!fits(&r->tool, json_str(subject, "tool")) ||
	    !fits(&r->agent, json_str(subject, "agent")))
		return false;
	if (!r->when)
		return true;
	is_true = filter_test(r->when, subject, NULL, &e);
	return is_true < 0 ? r->verdict != POLICY_ALLOW : is_true == 1;
}

enum policy_verdict
policy_decide(struct policy *p, const jv *subject, const char **ret_words)
{
	*ret_words = NULL;
	for (size_t i = 0; i < p->n; i++) {
		if (!applies(&p->rules[i], subject))
			continue;
		*ret_words = p->rules[i].words;
		return p->rules[i].verdict;
	}
	return POLICY_ALLOW;
}
