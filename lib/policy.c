/* policy: rules that people write, which allow, deny or leave it to them. */
#include "config.h"

#include "policy.h"

#include <fnmatch.h>
#include <strings.h>

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

static void
rule_release(struct rule *r)
{
	jv_free(r->tool);
	jv_free(r->agent);
	filter_free(r->when);
	free(r->words);
}

void
policy_free(struct policy *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		rule_release(&p->rules[i]);
	free(p->rules);
	free(p);
}

/* What looks like "false" would be taken for a reason, and "no" allow. */
static bool
is_doubtful(const jv *v)
{
	static const char *const words[] = {
		"yes", "no", "on", "off", "y", "n", "true", "false"
	};

	for (size_t i = 0; json_is(v, JSON_STRING) &&
	    i < sizeof(words) / sizeof(*words); i++)
		if (strcasecmp(json_string(v), words[i]) == 0)
			return true;
	return false;
}

/* Exactly one of the three says what happens. */
static int
read_verdict(const jv *rule, struct rule *ret, struct err *e)
{
	int found = 0;

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++) {
		AUTO_JV jv v = json_get(rule, verdicts[i].key);
		if (is_doubtful(&v))
			return err_set(e, ST_CONFIG, "'%s' is true, false or "
			    "a reason, and '%s' is none of them",
			    verdicts[i].key, json_string(&v));
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

/* One rule of policy_check(): `at` is its path. */
static void
check_rule(const struct yaml_doc *doc, const char *at, const jv *rule,
    struct yaml_problems *problems)
{
	AUTO_FREE char *when_at = xasprintf("%s.when", at);
	const char *when = json_str(rule, "when");
	struct rule r = { .tool = JSON_NONE, .agent = JSON_NONE };
	struct err why = ERR_INIT;

	if (read_verdict(rule, &r, &why) < 0)
		yaml_problem(problems, doc, at, "%s", why.text);
	if (when && !(r.when = filter_new(when, NULL, &why)))
		yaml_problem(problems, doc, when_at, "%s", why.text);
	rule_release(&r);
}

void
policy_check(const struct yaml_doc *doc, const char *path,
    struct yaml_problems *problems)
{
	AUTO_JV jv rules = json_path(&doc->value, path);

	for (size_t i = 0; json_is(&rules, JSON_ARRAY) &&
	    i < json_count(&rules); i++) {
		AUTO_JV jv rule = json_at(&rules, i);
		AUTO_FREE char *at = xasprintf("%s.%zu", path, i);

		if (json_is(&rule, JSON_OBJECT))
			check_rule(doc, at, &rule, problems);
	}
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

/* As far as its names go. */
static bool
is_about(const struct rule *r, const jv *subject)
{
	return fits(&r->tool, json_str(subject, "tool")) &&
	    fits(&r->agent, json_str(subject, "agent"));
}

static bool
applies(const struct rule *r, const jv *subject)
{
	struct err e = ERR_INIT;
	int is_true;

	if (!is_about(r, subject))
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

int
policy_of_tool(const struct policy *p, const jv *subject)
{
	bool perhaps = false;		/* allowed by a rule before */

	for (size_t i = 0; i < p->n; i++) {
		const struct rule *r = &p->rules[i];

		if (!is_about(r, subject))
			continue;
		if (!r->when)
			return perhaps && r->verdict != POLICY_ALLOW ? -1 :
			    (int)r->verdict;
		if (r->verdict != POLICY_ALLOW)
			return -1;
		perhaps = true;
	}
	return POLICY_ALLOW;
}

/* Whether a pattern fits names that begin so, but not all. */
static bool
divides(const jv *patterns, const char *start)
{
	const char *pattern = json_string(patterns);
	size_t len = pattern ? strcspn(pattern, "*?[\\") : 0;
	size_t all = strlen(start);

	if (pattern)
		return fnmatch(pattern, start, 0) != 0 &&
		    strncmp(pattern, start, len < all ? len : all) == 0;
	for (size_t i = 0; i < json_count(patterns); i++) {
		AUTO_JV jv one = json_at(patterns, i);
		if (divides(&one, start))
			return true;
	}
	return false;
}

bool
policy_divides(const struct policy *p, const jv *subject)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct rule *r = &p->rules[i];

		if (r->verdict != POLICY_ALLOW &&
		    fits(&r->agent, json_str(subject, "agent")) &&
		    divides(&r->tool, json_str(subject, "tool")))
			return true;
	}
	return false;
}
