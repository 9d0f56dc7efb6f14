/* catalog: which models there are and how to reach them. */
#include "config.h"

#include "catalog.h"

#include "alloc.h"
#include "env.h"
#include "key.h"
#include "num.h"
#include "path.h"
#include "provider.h"
#include "suggest.h"
#include "yaml.h"

enum {
	ALIAS_DEPTH = 8
};

static const struct http_timers usual = {
	.connect = 10 * CLOCK_SEC,
	.first_byte = 120 * CLOCK_SEC,
	.idle = 120 * CLOCK_SEC,
	.progress = 300 * CLOCK_SEC
};

static const char replay[] = "replay:";

/* A key that is not looked for; or none. */
struct given {
	const char *key, *from;
	char *vendor;		/* whose it is: the first that is found */
};

struct catalog {
	const jv *config;
	jv known;		/* providers.yaml: array of objects */
	struct given *given;	/* or NULL */
};

static int
catalog_open(const jv *config, struct catalog *ret, struct err *e)
{
	AUTO_FREE char *path = path_data("templates/providers.yaml", e);
	AUTO_YAML struct yaml_doc doc = YAML_DOC_INIT;

	if (!path || yaml_read(path, &doc, e) < 0)
		return -1;
	*ret = (struct catalog){ .config = config,
	    .known = json_copy(&doc.value) };
	return 0;
}

static void
catalog_close(struct catalog *c)
{
	json_release(&c->known);
}

/* What is said about a provider, the user's word over ours; or JSON_NONE. */
static jv
provider_entry(const struct catalog *c, const char *name)
{
	AUTO_JV jv mine = json_get(c->config, "providers");
	AUTO_JV jv over = json_get(&mine, name);

	for (size_t i = 0; i < json_count(&c->known); i++) {
		AUTO_JV jv p = json_at(&c->known, i);
		const char *is = json_str(&p, "name");
		if (is && strcmp(is, name) == 0)
			return json_merge(&p, &over);
	}
	return json_copy(&over);
}

static jv
provider_names(const struct catalog *c)
{
	AUTO_JV jv mine = json_get(c->config, "providers");
	jv names = json_array(), all = json_object();

	for (size_t i = 0; i < json_count(&c->known); i++) {
		AUTO_JV jv p = json_at(&c->known, i);
		if (json_str(&p, "name"))
			json_set_bool(&all, json_str(&p, "name"), true);
	}
	JSON_EACH(&mine, i)
		json_set_bool(&all, json_iter_key(&mine, i), true);
	JSON_EACH(&all, i)
		json_append(&names, json_from_str(json_iter_key(&all, i)));
	json_release(&all);
	return names;
}

static int
unknown_provider(const struct catalog *c, const char *name, const char *spec,
    struct err *e)
{
	AUTO_JV jv names = provider_names(c);
	size_t n = json_count(&names);
	AUTO_FREE const char **known = xcalloc(n + 1, sizeof(*known));
	char hint[SUGGEST_TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv v = json_at(&names, i);
		known[i] = json_string(&v);	/* lives in names */
	}
	return err_set(e, ST_CONFIG, "unknown provider '%s' in model '%s'%s",
	    name, spec, suggest_text(name, known, hint));
}

/* Keys. */

/* The variables of key_env, a string or an array of them, joined for people;
 * the value of the first that is set. */
static const char *
key_from_env(const jv *entry, const char **ret_name, struct buf *names)
{
	AUTO_JV jv env = json_get(entry, "key_env");
	size_t n = json_string(&env) ? 1 : json_count(&env);

	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv v = json_string(&env) ? json_copy(&env) :
		    json_at(&env, i);
		const char *name = json_string(&v);
		if (!name)
			continue;
		if (env_get(name)) {
			*ret_name = name;	/* lives in entry */
			return env_get(name);
		}
		buf_addf(names, "%s%s", names->len ? " or " : "", name);
	}
	return NULL;
}

static bool
take_given(struct given *given, struct model *m)
{
	if (!given)
		return false;
	if (!given->vendor)
		given->vendor = xstrdup(m->vendor);
	if (strcmp(given->vendor, m->vendor) != 0)
		return false;
	m->key = xstrdup(given->key);
	m->key_from = xstrdup(given->from);
	return true;
}

/* A helper before the environment: who wrote one wants it to be used. */
static int
find_key(const struct catalog *c, const jv *entry, struct model *m,
    struct err *e)
{
	AUTO_JV jv cmd = json_get(entry, "key_cmd");
	AUTO_BUF struct buf names = BUF_INIT;
	const char *name = NULL, *key;

	if (take_given(c->given, m))
		return 0;
	if (json_is_true(&cmd)) {
		m->key_cmd = json_copy(&cmd);
		m->key_from = xstrdup("key_cmd");
		return 0;
	}
	key = key_from_env(entry, &name, &names);
	if (key) {
		m->key = xstrdup(key);
		m->key_from = xstrdup(name);
		return 0;
	}
	/* one that was moved elsewhere may need none there */
	if (names.len == 0 || json_has(entry, "moved"))
		return 0;
	return err_set(e, ST_DENIED, "no key for '%s': set %s, or key_cmd in "
	    "config.yaml", m->vendor, names.data);
}

/* Timers: "timeouts: {connect: 5s, first_byte: 2m, ...}". */
static int
set_timer(const jv *timeouts, const char *name, int64_t *ns, struct err *e)
{
	const char *text = json_str(timeouts, name);
	double s;

	if (json_num(timeouts, name, &s) && s >= 0 && s < 1e9)
		*ns = (int64_t)(s * (double)CLOCK_SEC);
	else if (text && num_parse_duration(text, ns) < 0)
		return err_set(e, ST_CONFIG, "timeouts: '%s' is no duration",
		    text);
	return 0;
}

static int
set_timers(const jv *entry, struct http_timers *t, struct err *e)
{
	AUTO_JV jv o = json_get(entry, "timeouts");

	*t = usual;
	if (set_timer(&o, "connect", &t->connect, e) < 0 ||
	    set_timer(&o, "first_byte", &t->first_byte, e) < 0 ||
	    set_timer(&o, "idle", &t->idle, e) < 0 ||
	    set_timer(&o, "progress", &t->progress, e) < 0)
		return -1;
	return 0;
}

/* The base URL; a variable that the vendor's own tools read comes first. */
static char *
base_of(jv *entry)
{
	const char *env = json_str(entry, "base_url_env");
	const char *add = json_str(entry, "base_url_add");
	const char *base = env ? env_get(env) : NULL;
	AUTO_JV jv exec = json_get(entry, "exec");

	if (json_is_true(&exec)) {
		AUTO_FREE char *command = json_text(&exec);
		return xasprintf("exec:%s", command);
	}
	if (!base) {
		base = json_str(entry, "base_url");
		return base ? xstrdup(base) : NULL;
	}
	json_set_bool(entry, "moved", true);
	/* OLLAMA_HOST is "host:port" */
	return xasprintf("%s%.*s%s", strstr(base, "://") ? "" : "http://",
	    (int)(strlen(base) - (base[strlen(base) - 1] == '/')), base,
	    add ? add : "");
}

/* The protocol of an entry; NULL when there is no such. */
static const struct provider *
protocol_of(const jv *entry)
{
	const char *protocol = json_str(entry, "protocol");

	if (!protocol)
		protocol = json_has(entry, "exec") ? "records" : "chat";
	return provider_find(protocol);
}

/* A model of a server of this machine: the first that it has. */
static char *
first_model(const jv *entry, const char *base)
{
	struct model m = MODEL_INIT;
	struct err ignored = ERR_INIT;
	AUTO_JV jv ids = JSON_NONE;
	char *id = NULL;

	m.provider = protocol_of(entry);
	m.base = xstrdup(base);
	m.timers.connect = CLOCK_SEC / 2;
	if (m.provider)
		ids = model_list(&m, deadline_in(2 * CLOCK_SEC), NULL,
		    &ignored);
	for (size_t i = 0; i < json_count(&ids) && !id; i++) {
		AUTO_JV jv v = json_at(&ids, i);
		if (!strstr(json_string(&v), "embed"))
			id = xstrdup(json_string(&v));
	}
	model_release(&m);
	return id;
}

/* "PROVIDER/" without a model: the one that it has for that. */
static char *
model_of(const jv *entry, const char *name, const char *base, struct err *e)
{
	const char *model = json_str(entry, "model");
	bool local;
	char *id = NULL;

	if (model)
		return xstrdup(model);
	if (json_has(entry, "exec"))	/* a program may have but one */
		return xstrdup(name);
	if (json_bool(entry, "local", &local) && local)
		id = first_model(entry, base);
	if (!id)
		err_set(e, ST_CONFIG, "provider '%s' has no default model: "
		    "say %s/MODEL", name, name);
	return id;
}

static int
fill(const struct catalog *c, const char *name, const char *id,
    const char *spec, struct model *m, struct err *e)
{
	AUTO_JV jv entry = provider_entry(c, name);

	if (!json_is(&entry, JSON_OBJECT))
		return unknown_provider(c, name, spec, e);
	m->vendor = xstrdup(name);
	m->base = base_of(&entry);
	if (!m->base)
		return err_set(e, ST_CONFIG, "provider '%s' has neither "
		    "base_url nor exec", name);
	m->id = *id ? xstrdup(id) : model_of(&entry, name, m->base, e);
	if (!m->id)
		return -1;
	m->name = xasprintf("%s/%s", name, m->id);
	m->provider = protocol_of(&entry);
	if (!m->provider)
		return err_set(e, ST_CONFIG,
		    "provider '%s': unknown protocol '%s'", name,
		    json_str(&entry, "protocol"));
	if (json_str(&entry, "unix_socket"))
		m->unix_socket = xstrdup(json_str(&entry, "unix_socket"));
	m->headers = json_get(&entry, "headers");
	m->quirks = json_get(&entry, "quirks");
	m->options = json_get(&entry, "options");
	if (set_timers(&entry, &m->timers, e) < 0)
		return err_prefix(e, "provider '%s'", name);
	return find_key(c, &entry, m, e);
}

static int
fill_replay(const char *spec, struct model *m, struct err *e)
{
	if (!spec[strlen(replay)])
		return err_set(e, ST_CONFIG, "'%s' names no file", spec);
	m->name = xstrdup(spec);
	m->vendor = xstrdup("replay");
	m->id = xstrdup("replay");
	m->base = xstrdup(spec);
	m->provider = provider_find("chat");
	return 0;
}

static int find(const struct catalog *c, const char *spec, int depth,
    struct model *m, struct err *e);

/* "a,b,c": each is what the one before falls back to. */
static int
find_list(const struct catalog *c, const char *spec, int depth,
    struct model *m, struct err *e)
{
	for (struct model **next = NULL;;) {
		size_t n = strcspn(spec, ",");
		AUTO_FREE char *one = xstrndup(spec, n);
		if (next) {
			*next = xcalloc(1, sizeof(**next));
			**next = (struct model)MODEL_INIT;
			m = *next;
		}
		if (find(c, one, depth + 1, m, e) < 0)
			return -1;
		/* an alias may have brought fallbacks of its own */
		for (next = &m->fallback; *next; next = &(*next)->fallback)
			;
		if (!spec[n])
			return 0;
		spec += n + 1;
	}
}

/* A member that is a spec: a string, or a list of them, joined by commas;
 * NULL when there is none. */
static char *
spec_of(const jv *object, const char *key)
{
	AUTO_JV jv to = json_get(object, key);
	struct buf out = BUF_INIT;

	if (json_string(&to))
		return xstrdup(json_string(&to));
	for (size_t i = 0; i < json_count(&to); i++) {
		AUTO_JV jv v = json_at(&to, i);
		if (json_string(&v))
			buf_addf(&out, "%s%s", out.len ? "," : "",
			    json_string(&v));
	}
	return out.len > 0 ? buf_steal(&out) : NULL;
}

static int
find(const struct catalog *c, const char *spec, int depth, struct model *m,
    struct err *e)
{
	AUTO_JV jv aliases = json_get(c->config, "aliases");
	AUTO_FREE char *to = spec_of(&aliases, spec);
	AUTO_FREE char *name = NULL, *usual_model = NULL;
	const char *slash;
	AUTO_JV jv entry = JSON_NONE;

	if (depth > ALIAS_DEPTH)
		return err_set(e, ST_CONFIG, "alias '%s' leads to itself",
		    spec);
	if (to)
		return find_list(c, to, depth + 1, m, e);
	if (strncmp(spec, replay, strlen(replay)) == 0)
		return fill_replay(spec, m, e);
	if (!*spec)
		return err_set(e, ST_CONFIG, "empty name of a model");
	slash = strchr(spec, '/');
	if (slash) {
		name = xstrndup(spec, (size_t)(slash - spec));
		return fill(c, name, slash + 1, spec, m, e);
	}
	entry = provider_entry(c, spec);
	if (json_is(&entry, JSON_OBJECT))
		return fill(c, spec, "", spec, m, e);
	/* a model alone: of the provider that is the default */
	usual_model = catalog_default(c->config, e);
	if (!usual_model)
		return err_prefix(e, "model '%s' names no provider", spec);
	slash = strchr(usual_model, '/');
	if (!slash)
		return err_set(e, ST_CONFIG, "model '%s' names no provider: "
		    "say PROVIDER/%s", spec, spec);
	name = xstrndup(usual_model, (size_t)(slash - usual_model));
	return fill(c, name, spec, spec, m, e);
}

int
catalog_find(const jv *config, const char *spec, struct model *ret,
    struct err *e)
{
	return catalog_find_with(config, spec, NULL, NULL, ret, e);
}

int
catalog_find_with(const jv *config, const char *spec, const char *key,
    const char *from, struct model *ret, struct err *e)
{
	struct given given = { .key = key, .from = from };
	AUTO_FREE char *chosen = NULL;
	struct catalog c;
	struct model m = MODEL_INIT;
	int r;

	if (!spec) {
		chosen = catalog_default(config, e);
		if (!chosen)
			return -1;
		spec = chosen;
	}
	/* needs no list of providers, which costs reading a file */
	if (strncmp(spec, replay, strlen(replay)) == 0)
		return fill_replay(spec, ret, e);
	if (catalog_open(config, &c, e) < 0)
		return -1;
	c.given = key ? &given : NULL;
	r = find_list(&c, spec, 0, &m, e);
	free(given.vendor);
	catalog_close(&c);
	if (r < 0) {
		model_release(&m);
		return -1;
	}
	*ret = m;
	return 0;
}

/* The default. */

static char *
default_by_key(const struct catalog *c)
{
	for (size_t i = 0; i < json_count(&c->known); i++) {
		AUTO_JV jv p = json_at(&c->known, i);
		AUTO_BUF struct buf names = BUF_INIT;
		const char *var = NULL;
		if (json_str(&p, "model") && key_from_env(&p, &var, &names))
			return xasprintf("%s/%s", json_str(&p, "name"),
			    json_str(&p, "model"));
	}
	return NULL;
}

static char *
default_local(const struct catalog *c)
{
	for (size_t i = 0; i < json_count(&c->known); i++) {
		AUTO_JV jv p = json_at(&c->known, i);
		AUTO_FREE char *id = NULL, *base = NULL;
		bool local;
		if (!json_bool(&p, "local", &local) || !local)
			continue;
		base = base_of(&p);
		id = base ? first_model(&p, base) : NULL;
		if (id)
			return xasprintf("%s/%s", json_str(&p, "name"), id);
	}
	return NULL;
}

char *
catalog_default(const jv *config, struct err *e)
{
	const char *said = env_get("AGENT_MODEL");
	struct catalog c;
	char *spec;

	if (said)
		return xstrdup(said);
	spec = spec_of(config, "model");
	if (spec)
		return spec;
	if (catalog_open(config, &c, e) < 0)
		return NULL;
	spec = default_by_key(&c);
	if (!spec)
		spec = default_local(&c);
	catalog_close(&c);
	if (!spec)
		err_set(e, ST_CONFIG, "no model to ask: set AGENT_MODEL "
		    "(PROVIDER/MODEL), or a key such as OPENAI_API_KEY or "
		    "ANTHROPIC_API_KEY, or start ollama or llama.cpp here");
	return spec;
}
