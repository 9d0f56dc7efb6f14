/* rules: what a sandbox allows: the manifest, wherever it was written. */
#include "config.h"

#include "rules.h"

#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "num.h"
#include "suggest.h"

enum kind { LIST, WORD, SIZE, COUNT, DURATION, NUMBER, FLAG };

/* How a project's value tightens one that is there. */
enum tighten {
	LESS,		/* the smaller number; 0 is none at all */
	MORE,		/* the greater: hide more, warn louder */
	BOTH		/* lists: what is in both; flags: if both say so */
};

static const char *const net_words[] = { "none", "allow", "host", NULL };
static const char *const git_words[] = { "none", "commit", "write", NULL };
static const char *const seccomp_words[] = {
	"default", "devel", "none", NULL
};
static const char *const taint_words[] = {
	"off", "warn", "quarantine", "fail", NULL
};
static const char *const tty_words[] = { "auto", "always", "never", NULL };

struct field {
	const char *option;	/* on the command line */
	const char *key;	/* in a profile; "paths.ro" is nested */
	enum kind kind;
	enum tighten tighten;
	const char *const *words;
	size_t offset;
};

#define AT(member) offsetof(struct rules, member)

static const struct field fields[] = {
	{ "allow", "allow", LIST, BOTH, NULL, AT(allow) },
	{ "best-effort", "best_effort", LIST, BOTH, NULL, AT(best_effort) },
	{ "cache", "paths.cache", LIST, BOTH, NULL, AT(cache) },
	{ "cpu-time", "cpu_time", DURATION, LESS, NULL, AT(cpu_time) },
	{ "cpus", "cpu_limit", NUMBER, LESS, NULL, AT(cpus) },
	{ "deny", "deny", LIST, MORE, NULL, AT(deny) },
	{ "device", "devices", LIST, BOTH, NULL, AT(devices) },
	{ "disk", "disk", SIZE, LESS, NULL, AT(disk) },
	{ "env", "env", LIST, BOTH, NULL, AT(env) },
	{ "file-size", "file_size", SIZE, LESS, NULL, AT(file_size) },
	{ "files", "files", COUNT, LESS, NULL, AT(files) },
	{ "git", "git", WORD, LESS, git_words, AT(git) },
	{ "hide", "paths.hide", LIST, MORE, NULL, AT(hide) },
	{ "host-port", "host_ports", LIST, BOTH, NULL, AT(host_ports) },
	{ "inherit-env", "inherit_env", FLAG, BOTH, NULL, AT(inherit_env) },
	{ "inject", "inject", LIST, BOTH, NULL, AT(inject) },
	{ "max-output", "output", SIZE, LESS, NULL, AT(output) },
	{ "memory", "mem_limit", SIZE, LESS, NULL, AT(memory) },
	{ "nested", "nested", FLAG, BOTH, NULL, AT(nested) },
	{ "net", "net", WORD, LESS, net_words, AT(net) },
	{ "pids-limit", "pids", COUNT, LESS, NULL, AT(pids) },
	{ "privileged", "privileged", FLAG, BOTH, NULL, AT(privileged) },
	{ "publish", "publish", LIST, BOTH, NULL, AT(publish) },
	{ "read-only", "read_only", FLAG, MORE, NULL, AT(read_only) },
	{ "resolve", "resolve", LIST, BOTH, NULL, AT(resolve) },
	{ "ro", "paths.ro", LIST, BOTH, NULL, AT(ro) },
	{ "rw", "paths.rw", LIST, BOTH, NULL, AT(rw) },
	{ "seccomp", "seccomp", WORD, LESS, seccomp_words, AT(seccomp) },
	{ "seccomp-file", "seccomp_file", LIST, MORE, NULL, AT(filters) },
	{ "taint", "taint", WORD, MORE, taint_words, AT(taint) },
	{ "timeout", "timeout", DURATION, LESS, NULL, AT(timeout) },
	{ "tmp-size", "tmp", SIZE, LESS, NULL, AT(tmp) },
	{ "tty", "tty", WORD, MORE, tty_words, AT(tty) },
	{ "ulimit", "ulimit", LIST, MORE, NULL, AT(ulimit) },
	{ "unix-socket", "sockets", LIST, BOTH, NULL, AT(sockets) },
};

#define EACH_FIELD(f) for (const struct field *f = fields; \
	f < fields + sizeof(fields) / sizeof(*fields); f++)

static struct strs *
list_of(const struct rules *r, const struct field *f)
{
	return (struct strs *)(uintptr_t)((const char *)r + f->offset);
}

static int64_t *
number_of(const struct rules *r, const struct field *f)
{
	return (int64_t *)(uintptr_t)((const char *)r + f->offset);
}

static double *
double_of(const struct rules *r, const struct field *f)
{
	return (double *)(uintptr_t)((const char *)r + f->offset);
}

static bool *
flag_of(const struct rules *r, const struct field *f)
{
	return (bool *)(uintptr_t)((const char *)r + f->offset);
}

void
rules_release(struct rules *r)
{
	EACH_FIELD(f)
		if (f->kind == LIST)
			strs_release(list_of(r, f));
}

void
rules_defaults(struct rules *r)
{
	static const int64_t mib = 1 << 20;
	int64_t memory = (int64_t)sysconf(_SC_PHYS_PAGES) *
	    (int64_t)sysconf(_SC_PAGESIZE) / 2;

	*r = (struct rules)RULES_INIT;
	r->git = GIT_COMMIT;
	r->taint = TAINT_WARN;
	r->memory = memory > 2048 * mib ? 2048 * mib : memory;
	r->file_size = 1000 * mib;
	r->disk = 4096 * mib;
	r->tmp = 512 * mib;
	r->output = 50 * mib;
	r->pids = 1024;
	r->files = 4096;
}

static int
set_word(const struct field *f, int64_t *v, const char *value, struct err *e)
{
	AUTO_BUF struct buf all = BUF_INIT;

	for (int64_t i = 0; f->words[i]; i++) {
		if (strcmp(f->words[i], value) == 0) {
			*v = i;
			return 0;
		}
		buf_addf(&all, "%s%s", i ? ", " : "", f->words[i]);
	}
	return err_set(e, ST_USAGE, "is one of %s, not '%s'", all.data, value);
}

static int
set_flag(bool *v, const char *value, struct err *e)
{
	if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
		return err_set(e, ST_USAGE, "is true or false, not '%s'",
		    value);
	*v = value[0] == 't';
	return 0;
}

/* The reason without the name of the rule, which differs. */
static int
set_field(struct rules *r, const struct field *f, const char *value,
    struct err *e)
{
	switch (f->kind) {
	case LIST:
		if (*value)
			strs_add(list_of(r, f), value);
		else
			strs_cut(list_of(r, f), 0);
		return 0;
	case WORD:
		return set_word(f, number_of(r, f), value, e);
	case SIZE:
		if (num_parse_size(value, number_of(r, f)) == 0)
			return 0;
		return err_set(e, ST_USAGE,
		    "takes a size such as 512M, not '%s'", value);
	case COUNT:
		if (num_parse_int(value, 0, 1 << 22, number_of(r, f)) == 0)
			return 0;
		return err_set(e, ST_USAGE, "takes a number, not '%s'", value);
	case DURATION:
		if (num_parse_duration(value, number_of(r, f)) == 0)
			return 0;
		return err_set(e, ST_USAGE,
		    "takes a duration such as 90s or 10m, not '%s'", value);
	case NUMBER:
		if (num_parse_double(value, double_of(r, f)) == 0 &&
		    *double_of(r, f) >= 0)
			return 0;
		return err_set(e, ST_USAGE,
		    "takes a number such as 1.5, not '%s'", value);
	case FLAG:
		return set_flag(flag_of(r, f), value, e);
	}
	return -1;
}

/* --seccomp takes a file too, which is a rule of its own: it adds. */
static const char *
real_option(const char *option, const char *value)
{
	size_t n = strlen(value);
	bool file = strchr(value, '/') ||
	    (n > 5 && strcmp(value + n - 5, ".json") == 0);

	return file && strcmp(option, "seccomp") == 0 ? "seccomp-file" :
	    option;
}

int
rules_set(struct rules *r, const char *option, const char *value,
    struct err *e)
{
	option = real_option(option, value);
	EACH_FIELD(f) {
		if (strcmp(f->option, option) != 0)
			continue;
		if (set_field(r, f, value, e) < 0)
			return err_prefix(e, "--%s", option);
		/* hosts that may be reached are a network */
		if ((strcmp(option, "allow") == 0 ||
		    strcmp(option, "host-port") == 0) && *value &&
		    r->net == NET_NONE)
			r->net = NET_ALLOW;
		return 0;
	}
	return err_set(e, ST_BUG, "no rule for --%s", option);
}

/* A scalar of a profile as the text that an option would have. */
static char *
scalar_text(const jv *v)
{
	double n;

	if (json_is(v, JSON_STRING))
		return xstrdup(json_string(v));
	if (json_is(v, JSON_BOOL))
		return xstrdup(json_is_true(v) ? "true" : "false");
	if (json_number(v, &n))
		return xasprintf("%.15g", n);
	return NULL;
}

static int
read_value(struct rules *r, const struct field *f, const jv *v, struct err *e)
{
	AUTO_FREE char *text = scalar_text(v);

	if (f->kind != LIST || text)
		return text ? rules_set(r, f->option, text, e) :
		    err_set(e, ST_CONFIG, "'%s' is no single value", f->key);
	for (size_t i = 0; i < json_count(v); i++) {
		AUTO_JV jv item = json_at(v, i);
		AUTO_FREE char *one = scalar_text(&item);
		if (!one)
			return err_set(e, ST_CONFIG,
			    "'%s' is no list of strings", f->key);
		if (rules_set(r, f->option, one, e) < 0)
			return -1;
	}
	return 0;
}

static const struct field *
field_of_key(const char *group, const char *key)
{
	AUTO_FREE char *full = xasprintf("%s%s%s", group, *group ? "." : "",
	    key);

	EACH_FIELD(f)
		if (strcmp(f->key, full) == 0)
			return f;
	return NULL;
}

static int
unknown_key(const char *group, const char *key, struct err *e)
{
	const char *names[sizeof(fields) / sizeof(*fields) + 1];
	size_t n = 0, skip = *group ? strlen(group) + 1 : 0;
	const char *near;

	EACH_FIELD(f)
		if (skip == 0 || strncmp(f->key, group, skip - 1) == 0)
			names[n++] = f->key + skip;
	names[n] = NULL;
	near = suggest(key, names);
	return err_set(e, ST_CONFIG, "unknown key '%s'%s%s%s", key,
	    near ? ", meant '" : "", near ? near : "", near ? "'?" : "");
}

static int
read_map(struct rules *r, const jv *map, const char *group, struct err *e)
{
	JSON_EACH(map, i) {
		const char *key = json_iter_key(map, i);
		AUTO_JV jv v = json_iter_value(map, i);
		const struct field *f = field_of_key(group, key);

		if (!*group && (strcmp(key, "extends") == 0 ||
		    strcmp(key, "description") == 0))
			continue;
		if (!*group && strcmp(key, "paths") == 0) {
			if (!json_is(&v, JSON_OBJECT))
				return err_set(e, ST_CONFIG,
				    "'paths' is no mapping");
			if (read_map(r, &v, "paths", e) < 0)
				return -1;
		} else if (!*group && strcmp(key, "net") == 0 &&
		    json_is(&v, JSON_ARRAY)) {
			/* net: [a.example, b.example:443] */
			f = field_of_key("", "allow");
			if (read_value(r, f, &v, e) < 0)
				return -1;
		} else if (!f) {
			return unknown_key(group, key, e);
		} else if (read_value(r, f, &v, e) < 0) {
			return -1;
		}
	}
	return 0;
}

int
rules_read(struct rules *r, const jv *map, const char *where, struct err *e)
{
	if (read_map(r, map, "", e) == 0)
		return 0;
	e->status = ST_CONFIG;
	return err_prefix(e, "%s", where);
}

static bool
names_key(const jv *keys, const struct field *f)
{
	AUTO_JV jv v = json_path(keys, f->key);

	if (!json_is(&v, JSON_NOTHING))
		return true;
	/* net: [host] says something of `allow` */
	if (strcmp(f->key, "allow") == 0) {
		AUTO_JV jv net = json_get(keys, "net");
		return json_is(&net, JSON_ARRAY);
	}
	return false;
}

/* Whether the project wanted more than there was. */
static bool
tighten_list(struct strs *have, const struct strs *want, enum tighten how)
{
	bool wider = false;
	size_t kept = 0;

	for (size_t i = 0; i < want->n; i++) {
		if (strs_has(have, want->v[i]))
			continue;
		if (how == MORE)
			strs_add(have, want->v[i]);
		else
			wider = true;
	}
	if (how == MORE)
		return false;
	for (size_t i = 0; i < have->n; i++) {
		if (strs_has(want, have->v[i]))
			have->v[kept++] = have->v[i];
		else
			free(have->v[i]);
	}
	if (have->v)
		have->v[kept] = NULL;
	have->n = kept;
	return wider;
}

static bool
tighten_number(const struct field *f, int64_t *have, int64_t want)
{
	/* of the limits, 0 is the widest */
	bool limit = f->kind != WORD;
	bool less = limit && want == 0 ? false :
	    limit && *have == 0 ? true : want < *have;
	bool narrower = f->tighten == LESS ? less : want > *have;

	if (want == *have)
		return false;
	if (!narrower)
		return true;
	*have = want;
	return false;
}

void
rules_tighten(struct rules *r, const struct rules *project, const jv *keys,
    struct strs *ret_refused)
{
	EACH_FIELD(f) {
		bool wider = false;

		if (!names_key(keys, f))
			continue;
		if (f->kind == LIST) {
			wider = tighten_list(list_of(r, f),
			    list_of(project, f), f->tighten);
		} else if (f->kind == NUMBER) {
			double *have = double_of(r, f);
			double want = *double_of(project, f);
			wider = want <= 0 || (*have > 0 && want > *have);
			if (!wider)
				*have = want;
		} else if (f->kind == FLAG) {
			bool *have = flag_of(r, f);
			bool want = *flag_of(project, f);
			wider = f->tighten == BOTH && want && !*have;
			*have = f->tighten == BOTH ? *have && want :
			    *have || want;
		} else {
			wider = tighten_number(f, number_of(r, f),
			    *number_of(project, f));
		}
		if (wider)
			strs_add(ret_refused, f->key);
	}
}

static jv
value_json(const struct rules *r, const struct field *f)
{
	jv list;

	switch (f->kind) {
	case LIST:
		list = json_array();
		for (size_t i = 0; i < list_of(r, f)->n; i++)
			json_append(&list,
			    json_from_str(list_of(r, f)->v[i]));
		return list;
	case WORD:
		return json_from_str(f->words[*number_of(r, f)]);
	case NUMBER:
		return json_from_num(*double_of(r, f));
	case FLAG:
		return json_from_bool(*flag_of(r, f));
	case DURATION:
		return json_from_num((double)*number_of(r, f) / CLOCK_SEC);
	case SIZE:
	case COUNT:
		break;
	}
	return json_from_int(*number_of(r, f));
}

jv
rules_json(const struct rules *r)
{
	jv all = json_object(), paths = json_object();

	EACH_FIELD(f) {
		const char *dot = strchr(f->key, '.');
		if (dot)
			json_set(&paths, dot + 1, value_json(r, f));
		else
			json_set(&all, f->key, value_json(r, f));
	}
	json_set(&all, "paths", paths);
	return all;
}

bool
rules_may_lack(const struct rules *r, const char *name)
{
	return strs_has(&r->best_effort, name);
}
