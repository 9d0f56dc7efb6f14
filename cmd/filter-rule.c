/* filter-rule: one entry of `syscalls` in a profile of system calls. */
#include "config.h"

#include "filter-rule.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/utsname.h>

#include "alloc.h"
#include "suggest.h"

enum { ERRNO_MAX = 4095, NAMES_MAX = 4096 };

static const struct {
	const char *name;
	uint32_t action;
} actions[] = {
	{ "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW },
	{ "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO },
	{ "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_LOG", SECCOMP_RET_LOG },
	{ "SCMP_ACT_TRAP", SECCOMP_RET_TRAP },
};

#define EACH(list, i) \
	for (size_t i = 0; i < sizeof(list) / sizeof(*(list)); i++)

int
filter_keys(const jv *v, const char *const *known, struct err *e)
{
	char near[SUGGEST_TEXT_MAX];

	if (!json_is(v, JSON_OBJECT))
		return err_set(e, ST_CONFIG, "is no object");
	JSON_EACH(v, i) {
		const char *key = json_iter_key(v, i);
		size_t n = 0;

		while (known[n] && strcmp(known[n], key) != 0)
			n++;
		if (!known[n])
			return err_set(e, ST_CONFIG, "unknown key '%s'%s", key,
			    suggest_text(key, known, near));
	}
	return 0;
}

static int
errno_of_name(const char *name)
{
	for (int i = 1; i <= ERRNO_MAX; i++) {
		const char *one = strerrorname_np(i);
		if (one && strcmp(one, name) == 0)
			return i;
	}
	return -1;
}

static int
read_errno(const jv *v, const char *key, const char *name_key,
    uint32_t *ret, struct err *e)
{
	const char *name = json_str(v, name_key);
	int64_t number = name ? errno_of_name(name) : EPERM;

	if (json_has(v, key) && (!json_int(v, key, &number) || number < 0 ||
	    number > ERRNO_MAX))
		return err_set(e, ST_CONFIG, "'%s' is no error number", key);
	if (number < 0)
		return err_set(e, ST_CONFIG, "'%s' is no name of an error",
		    name);
	*ret = (uint32_t)number;
	return 0;
}

int
filter_action(const jv *v, const char *key, const char *errno_key,
    const char *errno_name, uint32_t *ret, struct err *e)
{
	const char *name = json_str(v, key);
	uint32_t number = 0;

	if (!name)
		return err_set(e, ST_CONFIG, "'%s' is missing", key);
	if (strcmp(name, "SCMP_ACT_NOTIFY") == 0 ||
	    strcmp(name, "SCMP_ACT_TRACE") == 0)
		return err_set(e, ST_CONFIG, "'%s' needs a program that "
		    "answers, and there is none", name);
	EACH(actions, i) {
		if (strcmp(actions[i].name, name) != 0)
			continue;
		if (actions[i].action == SECCOMP_RET_ERRNO &&
		    read_errno(v, errno_key, errno_name, &number, e) < 0)
			return -1;
		*ret = actions[i].action | number;
		return 0;
	}
	return err_set(e, ST_CONFIG, "'%s' is no action: SCMP_ACT_ALLOW, "
	    "SCMP_ACT_ERRNO and the like", name);
}

static bool
permits(uint32_t action)
{
	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

/* "4.8" and later. */
static bool
kernel_is(const char *least)
{
	struct utsname u;
	int want[2] = { 0, 0 }, have[2] = { 0, 0 };

	if (!least || uname(&u) < 0 ||
	    sscanf(least, "%d.%d", &want[0], &want[1]) < 1 ||
	    sscanf(u.release, "%d.%d", &have[0], &have[1]) < 1)
		return true;
	return have[0] > want[0] ||
	    (have[0] == want[0] && have[1] >= want[1]);
}

/* Whether the rule is one for us. */
static int
is_meant(const jv *rule, bool *ret, struct err *e)
{
	static const char *const keys[] = {
		"arches", "caps", "minKernel", NULL
	};
	AUTO_JV jv in = json_get(rule, "includes");
	AUTO_JV jv out = json_get(rule, "excludes");
	AUTO_JV jv in_caps = json_get(&in, "caps");
	AUTO_JV jv in_arches = json_get(&in, "arches");
	AUTO_JV jv out_arches = json_get(&out, "arches");

	if ((json_is_true(&in) && filter_keys(&in, keys, e) < 0) ||
	    (json_is_true(&out) && filter_keys(&out, keys, e) < 0))
		return -1;
	*ret = json_count(&in_caps) == 0 &&
	    (json_count(&in_arches) == 0 ||
	    json_has_string(&in_arches, filter_arch[1])) &&
	    !json_has_string(&out_arches, filter_arch[1]) &&
	    kernel_is(json_str(&in, "minKernel")) &&
	    !(json_str(&out, "minKernel") &&
	    kernel_is(json_str(&out, "minKernel")));
	return 0;
}

/* A double holds 53 bits; those above are all or nothing. */
static int
read_value(const jv *v, const char *key, uint64_t *ret, struct err *e)
{
	double d = 0;

	*ret = 0;
	if (json_has(v, key) && !json_num(v, key, &d))
		return err_set(e, ST_CONFIG, "'%s' is no number", key);
	if (d >= 18446744073709549568.0)
		*ret = UINT64_MAX;
	else if (d < 0 || d > 9007199254740992.0)
		return err_set(e, ST_CONFIG, "'%s' has more than 53 bits, or "
		    "less than none", key);
	else
		*ret = (uint64_t)d;
	return 0;
}

static int
read_arg(const jv *v, struct filter_arg *ret, struct err *e)
{
	static const char *const keys[] = {
		"index", "op", "value", "valueTwo", NULL
	};
	static const char *const ops[] = {
		[FILTER_NE] = "SCMP_CMP_NE", [FILTER_LT] = "SCMP_CMP_LT",
		[FILTER_LE] = "SCMP_CMP_LE", [FILTER_EQ] = "SCMP_CMP_EQ",
		[FILTER_GE] = "SCMP_CMP_GE", [FILTER_GT] = "SCMP_CMP_GT",
		[FILTER_MASKED] = "SCMP_CMP_MASKED_EQ"
	};
	const char *op = json_str(v, "op");
	int64_t index = -1;

	if (filter_keys(v, keys, e) < 0 ||
	    read_value(v, "value", &ret->a, e) < 0 ||
	    read_value(v, "valueTwo", &ret->b, e) < 0)
		return -1;
	if (!json_int(v, "index", &index) || index < 0 ||
	    index >= FILTER_ARGS_MAX)
		return err_set(e, ST_CONFIG, "'index' is none of 0 to 5");
	ret->index = (unsigned)index;
	EACH(ops, i)
		if (op && strcmp(ops[i], op) == 0) {
			ret->op = (enum filter_op)i;
			return 0;
		}
	return err_set(e, ST_CONFIG, "'op' is no comparison: SCMP_CMP_EQ, "
	    "SCMP_CMP_MASKED_EQ and the like");
}

/* Several about one argument: any of them; about different ones: all. */
static bool
are_alternatives(const struct filter_arg *args, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < i; j++)
			if (args[i].index == args[j].index)
				return true;
	return false;
}

static int
add(struct filter *f, uint32_t action, const char *name,
    const struct filter_arg *args, unsigned n, struct err *e)
{
	unsigned step = are_alternatives(args, n) ? 1 : n;
	int number = filter_number(name), r;

	for (unsigned i = 0; i == 0 || i < n; i += step ? step : 1) {
		r = filter_add(f, action, number, args + i, step);
		/* known twice; or a call that this processor has not */
		if (r < 0 && r != -EEXIST && r != -EFAULT && r != -EDOM)
			return err_set(e, ST_CONFIG, "'%s': %s", name,
			    strerror(-r));
	}
	return 0;
}

/* A refusal that names what we do not know would be silently lost. */
static int
add_names(struct filter *f, uint32_t default_action, uint32_t action,
    const jv *names, const struct filter_arg *args, unsigned n,
    struct err *e)
{
	if (json_count(names) == 0 || json_count(names) > NAMES_MAX ||
	    !json_is(names, JSON_ARRAY))
		return err_set(e, ST_CONFIG, "'names' is no list of names");
	for (size_t i = 0; i < json_count(names); i++) {
		AUTO_JV jv one = json_at(names, i);
		const char *name = json_string(&one);

		if (!name)
			return err_set(e, ST_CONFIG, "'names' has what is no "
			    "string");
		if (filter_number(name) != FILTER_UNKNOWN) {
			if (add(f, action, name, args, n, e) < 0)
				return -1;
		} else if (permits(default_action) && !permits(action)) {
			return err_set(e, ST_CONFIG, "there is no system call "
			    "'%s' to refuse", name);
		}
	}
	return 0;
}

int
filter_rule(struct filter *f, uint32_t default_action, const jv *rule,
    struct err *e)
{
	static const char *const keys[] = {
		"action", "args", "comment", "errno", "errnoRet", "excludes",
		"includes", "name", "names", NULL
	};
	struct filter_arg args[FILTER_ARGS_MAX];
	uint32_t action;
	bool meant;

	if (filter_keys(rule, keys, e) < 0 ||
	    filter_action(rule, "action", "errnoRet", "errno", &action,
	    e) < 0 || is_meant(rule, &meant, e) < 0)
		return -1;
	AUTO_JV jv list = json_get(rule, "args");
	AUTO_JV jv names = json_has(rule, "names") ?
	    json_get(rule, "names") : json_array();
	if (json_str(rule, "name"))
		json_append(&names, json_get(rule, "name"));
	if (json_count(&list) > FILTER_ARGS_MAX)
		return err_set(e, ST_CONFIG, "'args' has more than six");
	for (size_t i = 0; i < json_count(&list); i++) {
		AUTO_JV jv one = json_at(&list, i);
		if (read_arg(&one, &args[i], e) < 0)
			return err_prefix(e, "args[%zu]", i);
	}
	/* what the default does anyway */
	if (!meant || action == default_action)
		return 0;
	return add_names(f, default_action, action, &names, args,
	    (unsigned)json_count(&list), e);
}
