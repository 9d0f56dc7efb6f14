/*
 * agents-read: the reading half of agents.h, with includes and directories.
 *
 * A file is read once, however often it is included, so there are no cycles.
 * What an included file does not say comes from the `defaults` of the one
 * that includes it.  Paths in a file of another directory start there; they
 * are made absolute here.
 */
#include "config.h"

#include "agents.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdarg.h>

#include "alloc.h"
#include "num.h"
#include "path.h"
#include "policy.h"
#include "servers.h"

enum { FILES_MAX = 200, RETRIES_MAX = 100 };

static const char *const types[] = {
	"native", "codex", "claude", "gemini", "opencode", "goose", "acp",
	"exec", NULL
};

static const struct yaml_shape strings[] = {
	{ .key = "*", .kinds = YAML_STRING | YAML_NUMBER },
	YAML_SHAPE_END
};

static const struct yaml_shape limits[] = {
	{ .key = "context", .kinds = YAML_INT },
	{ .key = "cost", .kinds = YAML_NUMBER },
	{ .key = "depth", .kinds = YAML_INT },
	{ .key = "idle", .kinds = YAML_STRING | YAML_INT },
	{ .key = "tokens", .kinds = YAML_INT },
	{ .key = "turns", .kinds = YAML_INT },
	{ .key = "wall_time", .kinds = YAML_STRING | YAML_INT },
	YAML_SHAPE_END
};

static const char *const rights[] = { "read", "write", NULL };

static const struct yaml_shape memories[] = {
	{ .key = "*", .kinds = YAML_STRING, .words = rights },
	YAML_SHAPE_END
};

static const struct yaml_shape check_shape[] = {
	{ .key = "each_turn", .kinds = YAML_BOOL },
	{ .key = "rollback", .kinds = YAML_BOOL },
	{ .key = "run", .kinds = YAML_STRING | YAML_REQUIRED },
	YAML_SHAPE_END
};

#define STRINGS YAML_STRING | YAML_LIST, .each = YAML_STRING

/* What an agent may say; `defaults` may say the same but for the id. */
#define COMMON								\
	{ .key = "capabilities", .kinds = STRINGS },			\
	{ .key = "check", .kinds = YAML_STRING | YAML_MAP,		\
	    .members = check_shape },					\
	{ .key = "command", .kinds = STRINGS },				\
	{ .key = "description", .kinds = YAML_STRING },			\
	{ .key = "direct_communication", .kinds = STRINGS },		\
	{ .key = "env", .kinds = YAML_MAP, .members = strings },	\
	{ .key = "escalate", .kinds = YAML_BOOL },			\
	{ .key = "initial_instructions", .kinds = STRINGS },		\
	{ .key = "key_env", .kinds = YAML_STRING },			\
	{ .key = "limits", .kinds = YAML_MAP, .members = limits },	\
	{ .key = "mcp_servers", .kinds = YAML_MAP,			\
	    .members = servers_shape },					\
	{ .key = "memories", .kinds = YAML_MAP, .members = memories },	\
	{ .key = "memory_file", .kinds = YAML_STRING },			\
	{ .key = "model", .kinds = STRINGS },				\
	{ .key = "options", .kinds = YAML_MAP },			\
	{ .key = "policy", .kinds = YAML_LIST, .each = YAML_MAP,	\
	    .members = policy_shape },					\
	{ .key = "pool", .kinds = YAML_STRING },			\
	{ .key = "responsibilities", .kinds = STRINGS },		\
	{ .key = "retries", .kinds = YAML_INT },			\
	{ .key = "rules_file", .kinds = YAML_STRING },			\
	{ .key = "sandbox", .kinds = YAML_STRING },			\
	{ .key = "sandbox_path", .kinds = YAML_STRING },		\
	{ .key = "skills", .kinds = STRINGS },				\
	{ .key = "tools", .kinds = STRINGS },				\
	{ .key = "tools_dir", .kinds = STRINGS },			\
	{ .key = "type", .kinds = YAML_STRING, .words = types }

static const struct yaml_shape agent_shape[] = {
	{ .key = "id", .kinds = YAML_STRING | YAML_REQUIRED },
	COMMON,
	YAML_SHAPE_END
};

static const struct yaml_shape defaults_shape[] = {
	COMMON,
	YAML_SHAPE_END
};

static const struct yaml_shape file_shape[] = {
	{ .key = "agents", .kinds = YAML_LIST, .each = YAML_MAP,
	    .members = agent_shape },
	{ .key = "defaults", .kinds = YAML_MAP, .members = defaults_shape },
	{ .key = "directory", .kinds = YAML_STRING },
	{ .key = "include", .kinds = STRINGS },
	YAML_SHAPE_END
};

/* Members that are paths, or lists of them. */
static const char *const path_members[] = {
	"memory_file", "rules_file", "sandbox_path", "skills", "tools_dir",
	NULL
};

static int	read_any(struct agents *a, const char *path,
		    const jv *defaults, struct err *e);

static bool
is_there(const struct agents_file *f, const char *path)
{
	AUTO_JV jv v = json_path(&f->doc.value, path);

	return !json_is(&v, JSON_NOTHING);
}

/* `member` of the agent at `at`, or of the defaults that it has it from. */
static void
problem(struct agents *a, const struct agents_place *at, const char *member,
    const char *text)
{
	struct agents_file *f = &a->files[at->file];
	AUTO_FREE char *own = xasprintf("%s.%s", at->path, member);
	AUTO_FREE char *shared = xasprintf("defaults.%s", member);

	yaml_problem(&f->problems, &f->doc, !is_there(f, own) &&
	    is_there(f, shared) ? shared : own, "%s", text);
}

void
agents_problem(struct agents *a, size_t i, const char *path, const char *fmt,
    ...)
{
	AUTO_BUF struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	problem(a, &a->places[i], path, text.data);
}

void
agents_problems_text(struct agents *a, struct buf *out)
{
	for (size_t i = 0; i < a->nfiles; i++)
		yaml_problems_text(&a->files[i].problems, &a->files[i].doc,
		    out);
}

static bool
is_earlier(const struct agents *a, const char *id)
{
	AUTO_JV jv other = agents_get(a, id);

	return json_is(&other, JSON_OBJECT);
}

static void
check_duration(struct agents *a, const struct agents_place *at,
    const jv *agent, const char *member)
{
	const char *text = json_path_str(agent, member);
	int64_t ns;

	if (!text || num_parse_duration(text, &ns) == 0)
		return;
	AUTO_FREE char *why = xasprintf("'%.60s' is no duration, such as "
	    "'90s', '20m' or '1h30m'", text);
	problem(a, at, member, why);
}

/* Limits are more than nothing; 0 is written by leaving them out. */
static void
check_numbers(struct agents *a, const struct agents_place *at,
    const jv *agent)
{
	AUTO_JV jv map = json_get(agent, "limits");
	int64_t n;
	double d;

	for (const struct yaml_shape *s = limits; s->key; s++) {
		AUTO_FREE char *member = xasprintf("limits.%s", s->key);
		AUTO_FREE char *why = xasprintf("'%s' must be more than 0",
		    s->key);

		if (json_num(&map, s->key, &d) && d <= 0)
			problem(a, at, member, why);
	}
	if (json_int(agent, "retries", &n) && (n < 0 || n > RETRIES_MAX))
		problem(a, at, "retries", "'retries' must be from 0 to 100");
}

static void
check_servers(struct agents *a, const struct agents_place *at,
    const jv *agent)
{
	AUTO_JV jv servers = json_get(agent, "mcp_servers");

	JSON_EACH(&servers, i) {
		const char *name = json_iter_key(&servers, i);
		const char *wrong = servers_name_problem(name);
		AUTO_FREE char *member = xasprintf("mcp_servers.%s", name);
		AUTO_FREE char *text = xasprintf("'%.60s' %s", name,
		    wrong ? wrong : "");
		AUTO_FREE char *call = xasprintf("%s.timeout", member);
		AUTO_FREE char *begin = xasprintf("%s.startup_timeout",
		    member);

		if (wrong)
			problem(a, at, member, text);
		check_duration(a, at, agent, call);
		check_duration(a, at, agent, begin);
	}
}

/* Whether it can go into the list at all. */
static bool
check_agent(struct agents *a, const struct agents_place *at, const jv *agent)
{
	const char *id = json_str(agent, "id");
	AUTO_FREE char *why = NULL;

	if (!id)
		return false;	/* the shape said so */
	check_duration(a, at, agent, "limits.wall_time");
	check_duration(a, at, agent, "limits.idle");
	check_numbers(a, at, agent);
	check_servers(a, at, agent);
	if (!agents_valid_id(id))
		why = xasprintf("'%.80s' is no id: letters, digits, '.', '_' "
		    "and '-', 64 at most", id);
	else if (strcmp(id, "user") == 0)
		why = xstrdup("'user' is the person");
	else if (is_earlier(a, id))
		why = xasprintf("there is an agent '%s' already", id);
	if (why)
		problem(a, at, "id", why);
	return !why;
}

/* Strings of a list, or a string, as paths that start at `dir`. */
static jv
rebased(const jv *v, const char *dir)
{
	AUTO_FREE char *path = NULL;
	jv list;

	if (json_is(v, JSON_STRING)) {
		path = path_join(dir, json_string(v));
		return json_from_str(path);
	}
	list = json_array();
	for (size_t i = 0; i < json_count(v); i++) {
		AUTO_JV jv one = json_at(v, i);
		json_append(&list, rebased(&one, dir));
	}
	return list;
}

/* Of what has a command: its program, when that is a path. */
static void
rebase_command(jv *owner, const char *dir)
{
	AUTO_JV jv command = json_get(owner, "command");
	AUTO_JV jv program = json_is(&command, JSON_ARRAY) ?
	    json_at(&command, 0) : json_copy(&command);

	if (json_is(&program, JSON_STRING) &&
	    strchr(json_string(&program), '/')) {
		jv words = json_array();

		json_append(&words, rebased(&program, dir));
		for (size_t i = 1; json_is(&command, JSON_ARRAY) &&
		    i < json_count(&command); i++)
			json_append(&words, json_at(&command, i));
		json_set(owner, "command", words);
	}
}

/* A file elsewhere: its paths start where it is. */
static void
rebase(jv *agent, const char *dir)
{
	AUTO_JV jv servers = json_get(agent, "mcp_servers");
	AUTO_JV jv rebased_ones = json_object();

	for (const char *const *m = path_members; *m; m++) {
		AUTO_JV jv v = json_get(agent, *m);
		if (json_is(&v, JSON_STRING) || json_is(&v, JSON_ARRAY))
			json_set(agent, *m, rebased(&v, dir));
	}
	JSON_EACH(&servers, i) {
		jv one = json_iter_value(&servers, i);

		rebase_command(&one, dir);
		json_set(&rebased_ones, json_iter_key(&servers, i), one);
	}
	if (json_count(&rebased_ones) > 0)
		json_set(agent, "mcp_servers", json_copy(&rebased_ones));
	rebase_command(agent, dir);
}

static void
take_list(struct agents *a, size_t file, const char *dir,
    const jv *defaults)
{
	AUTO_JV jv raw = json_get(&a->files[file].doc.value, "agents");

	for (size_t i = 0; json_is(&raw, JSON_ARRAY) && i < json_count(&raw);
	    i++) {
		jv agent = json_at(&raw, i);
		struct agents_place at = { file,
		    xasprintf("agents.%zu", i) };

		if (!check_agent(a, &at, &agent)) {
			jv_free(agent);
			free(at.path);
			continue;
		}
		if (strcmp(dir, a->dir) != 0)
			rebase(&agent, dir);
		json_append(&a->list, json_merge(defaults, &agent));
		jv_free(agent);
		GROW(a->places, a->nplaces, a->cplaces);
		a->places[a->nplaces++] = at;
	}
}

/* What `include` names; a problem of one is one of the file that names it. */
static void
take_includes(struct agents *a, size_t file, const char *dir,
    const jv *defaults)
{
	AUTO_JV jv names = agents_strings(&a->files[file].doc.value,
	    "include");

	for (size_t i = 0; i < json_count(&names); i++) {
		AUTO_JV jv name = json_at(&names, i);
		AUTO_FREE char *at = xasprintf("include.%zu", i);
		AUTO_FREE char *path = NULL;
		struct err why = ERR_INIT;

		if (!json_is(&name, JSON_STRING))
			continue;
		path = path_join(dir, json_string(&name));
		if (read_any(a, path, defaults, &why) < 0)
			yaml_problem(&a->files[file].problems,
			    &a->files[file].doc, at, "%s", why.text);
	}
}

static void
check_file(struct agents_file *f)
{
	yaml_check_all(&f->doc, "", file_shape, &f->problems);
	if (f->problems.n == 0 && !json_has(&f->doc.value, "agents") &&
	    !json_has(&f->doc.value, "include"))
		yaml_problem(&f->problems, &f->doc, "",
		    "'agents' is missing");
}

/* Takes a document over, whose paths start at `dir` unless it says where. */
static void
take_file(struct agents *a, struct agents_file *f, const char *dir,
    const jv *defaults)
{
	AUTO_JV jv own = json_get(&f->doc.value, "defaults");
	AUTO_JV jv under = JSON_NONE;
	AUTO_FREE char *start = NULL;
	size_t n = a->nfiles;
	const char *named;

	check_file(f);
	named = json_str(&f->doc.value, "directory");
	start = named ? path_join(dir, named) : xstrdup(dir);
	if (named && n == 0) {
		free(a->dir);
		a->dir = xstrdup(start);
	}
	if (strcmp(start, a->dir) != 0 && json_is(&own, JSON_OBJECT))
		rebase(&own, start);
	under = json_is(&own, JSON_OBJECT) ? json_merge(defaults, &own) :
	    json_copy(defaults);
	GROW(a->files, a->nfiles, a->cfiles);
	a->files[a->nfiles++] = *f;
	take_list(a, n, start, &under);
	take_includes(a, n, start, &under);
}

static int
read_file(struct agents *a, const char *path, const jv *defaults,
    struct err *e)
{
	AUTO_FREE char *real = path_real(path, e);
	AUTO_FREE char *dir = real ? path_dirname(real) : NULL;
	struct agents_file f = { .doc = YAML_DOC_INIT };

	if (!real)
		return -1;
	if (strs_has(&a->sources, real))
		return 0;
	if (a->nfiles >= FILES_MAX)
		return err_set(e, ST_CONFIG, "more than %d files of agents",
		    FILES_MAX);
	if (yaml_read(path, &f.doc, e) < 0)
		return -1;
	strs_add(&a->sources, real);
	take_file(a, &f, dir, defaults);
	return 0;
}

static int
is_yaml(const struct dirent *d)
{
	return d->d_name[0] != '.' &&
	    (fnmatch("*.yaml", d->d_name, 0) == 0 ||
	    fnmatch("*.yml", d->d_name, 0) == 0);
}

static int
read_dir(struct agents *a, const char *dir, const jv *defaults, struct err *e)
{
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, is_yaml, alphasort), r = 0;

	AUTO_FREE char *real = path_real(dir, e);

	if (n < 0)
		return err_sys(e, ST_NOINPUT, "cannot open '%s'", dir);
	if (real)
		strs_add(&a->sources, real);
	if (n == 0)
		r = err_set(e, ST_CONFIG, "'%s' has no *.yaml", dir);
	for (int i = 0; i < n; i++) {
		AUTO_FREE char *path = path_join(dir, entries[i]->d_name);

		if (r == 0)
			r = read_file(a, path, defaults, e);
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int
read_any(struct agents *a, const char *path, const jv *defaults,
    struct err *e)
{
	return path_is_dir(path) ? read_dir(a, path, defaults, e) :
	    read_file(a, path, defaults, e);
}

int
agents_read_all(const char *path, struct agents *ret, struct err *e)
{
	AUTO_AGENTS struct agents a = AGENTS_INIT;
	AUTO_FREE char *real = path_real(path, e);
	AUTO_JV jv none = json_object();

	if (!real)
		return -1;
	a.name = xstrdup(path);
	a.dir = path_is_dir(real) ? xstrdup(real) : path_dirname(real);
	a.list = json_array();
	if (read_any(&a, path, &none, e) < 0)
		return -1;
	*ret = a;
	a = (struct agents)AGENTS_INIT;
	return 0;
}

/* Gives it away if nothing is wrong with it. */
static int
finish(struct agents *a, struct agents *ret, struct err *e)
{
	AUTO_BUF struct buf why = BUF_INIT;

	agents_problems_text(a, &why);
	if (why.len > 0)
		return err_set(e, ST_CONFIG, "%.*s",
		    (int)strcspn(why.data, "\n"), why.data);
	*ret = *a;
	*a = (struct agents)AGENTS_INIT;
	return 0;
}

int
agents_read(const char *path, struct agents *ret, struct err *e)
{
	AUTO_AGENTS struct agents a = AGENTS_INIT;

	return agents_read_all(path, &a, e) < 0 ? -1 : finish(&a, ret, e);
}

int
agents_parse(const char *name, const char *text, const char *dir,
    struct agents *ret, struct err *e)
{
	AUTO_AGENTS struct agents a = AGENTS_INIT;
	struct agents_file f = { .doc = YAML_DOC_INIT };
	AUTO_JV jv none = json_object();

	if (yaml_parse(name, text, strlen(text), &f.doc, e) < 0)
		return -1;
	a.name = xstrdup(name);
	a.dir = xstrdup(dir);
	a.list = json_array();
	take_file(&a, &f, dir, &none);
	return finish(&a, ret, e);
}
