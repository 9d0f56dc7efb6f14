/* toolbox: the tools of one agent, built in and of its own. */
#include "config.h"

#include "toolbox.h"

#include <dirent.h>
#include <sys/stat.h>

#include "agents.h"
#include "alloc.h"
#include "child.h"
#include "num.h"
#include "path.h"
#include "schema.h"
#include "yaml.h"

enum { TOOLS_MAX = 200, DESCRIBE_MAX = 1 << 20, DESCRIBE_SECONDS = 20 };

static const struct yaml_shape shape[] = {
	{ .key = "description", .kinds = YAML_STRING | YAML_REQUIRED },
	{ .key = "idempotent", .kinds = YAML_BOOL },
	{ .key = "name", .kinds = YAML_STRING },
	{ .key = "parameters", .kinds = YAML_MAP },
	{ .key = "read_only", .kinds = YAML_BOOL },
	{ .key = "timeout", .kinds = YAML_STRING | YAML_INT },
	YAML_SHAPE_END
};

static void
tool_release(struct tool *t)
{
	/* what made them, made them for us */
	free((void *)(uintptr_t)t->name);
	free((void *)(uintptr_t)t->description);
	free((void *)(uintptr_t)t->parameters);
	free((void *)(uintptr_t)t->file);
	free((void *)(uintptr_t)t->remote);
}

void
toolbox_release(struct toolbox *b)
{
	for (size_t i = 0; i < b->n; i++)
		tool_release(&b->own[i]);
	free(b->own);
	jv_free(b->dirs);
	*b = (struct toolbox)TOOLBOX_INIT;
}

void
toolbox_add(struct toolbox *b, const struct tool *t)
{
	GROW(b->own, b->n, b->cap);
	b->own[b->n++] = *t;
}

void
toolbox_drop_served(struct toolbox *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->own[i].server)
			tool_release(&b->own[i]);
		else
			b->own[kept++] = b->own[i];
	b->n = kept;
}

const struct tool *
toolbox_find(const struct toolbox *b, const char *name)
{
	for (size_t i = 0; b && i < b->n; i++)
		if (strcmp(b->own[i].name, name) == 0)
			return &b->own[i];
	return tool_find(name);
}

const char **
toolbox_names(const struct toolbox *b)
{
	size_t n, k = 0;
	const struct tool *all = tool_all(&n);
	const char **names = xcalloc(b->n + n + 1, sizeof(*names));

	for (size_t i = 0; i < b->n; i++)
		names[k++] = b->own[i].name;
	for (size_t i = 0; i < n; i++)
		names[k++] = all[i].name;
	return names;
}

/* The file's name without its ending; NULL when it can be no tool. */
static char *
tool_name(const char *file)
{
	size_t len = strcspn(file, ".");

	if (len == 0 || len > 64 || strspn(file, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") < len)
		return NULL;
	return xstrndup(file, len);
}

/* What the executable says of itself, in a sandbox of its own. */
static int
ask_itself(const char *dir, const char *file, struct yaml_doc *ret,
    struct err *e)
{
	AUTO_FREE char *sandbox = path_program("agent-sandbox", e);
	AUTO_FREE char *name = xasprintf("%s --describe", file);
	const char *argv[] = { sandbox, "--workspace", dir, "--read-only",
	    "--", file, "--describe", NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	AUTO_BUF struct buf out = BUF_INIT;
	int status;

	if (!sandbox)
		return -1;
	spec.argv = argv;
	status = child_run(&spec, NULL, DESCRIBE_MAX,
	    deadline_in(DESCRIBE_SECONDS * CLOCK_SEC), &out, e);
	if (status < 0)
		return -1;
	if (status != 0 || out.len == 0)
		return err_set(e, ST_CONFIG, "tool '%s' has no description "
		    "beside it, and --describe gives none", file);
	return yaml_parse(name, out.data, out.len, ret, e);
}

static int
describe(const char *dir, const char *file, const char *name,
    struct yaml_doc *ret, struct err *e)
{
	static const char *const endings[] = { "json", "yaml", "yml" };

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s.%s", dir, name,
		    endings[i]);

		if (path_exists(path))
			return yaml_read(path, ret, e);
	}
	return ask_itself(dir, file, ret, e);
}

static int
take_parameters(const struct yaml_doc *doc, struct tool *t, struct err *e)
{
	AUTO_JV jv own = json_get(&doc->value, "parameters");
	struct err why = ERR_INIT;
	struct schema *s;

	if (!json_is(&own, JSON_OBJECT)) {
		t->parameters = xstrdup("{\"type\":\"object\"}");
		return 0;
	}
	s = schema_compile(&own, NULL, &why);
	schema_free(s);
	if (!s)
		return yaml_err(doc, "parameters", e, "%s", why.text);
	t->parameters = json_text(&own);
	return 0;
}

static int
take_description(const struct yaml_doc *doc, struct tool *t, struct err *e)
{
	const char *timeout = json_str(&doc->value, "timeout");
	const char *name = json_str(&doc->value, "name");
	bool read_only = false, idempotent = false;
	int64_t seconds;

	if (yaml_check(doc, "", shape, e) < 0)
		return -1;
	if (name && strcmp(name, t->name) != 0)
		return yaml_err(doc, "name", e, "'%s' is not the name of the "
		    "file, '%s'", name, t->name);
	(void)json_bool(&doc->value, "read_only", &read_only);
	(void)json_bool(&doc->value, "idempotent", &idempotent);
	t->flags = (read_only ? 0 : TOOL_CHANGES) |
	    (read_only || idempotent ? 0 : TOOL_ONCE);
	t->description = xstrdup(json_str(&doc->value, "description"));
	if (json_int(&doc->value, "timeout", &seconds) && seconds > 0)
		t->timeout_ns = seconds * CLOCK_SEC;
	else if (timeout && num_parse_duration(timeout, &t->timeout_ns) < 0)
		return yaml_err(doc, "timeout", e, "'%s' is no duration",
		    timeout);
	return take_parameters(doc, t, e);
}

static int
add_tool(struct toolbox *b, const char *dir, const char *base, struct err *e)
{
	AUTO_FREE char *file = path_join(dir, base);
	AUTO_FREE char *name = tool_name(base);
	AUTO_YAML struct yaml_doc doc = YAML_DOC_INIT;
	struct tool t = { 0 };

	if (!name)
		return 0;
	if (toolbox_find(b, name))
		return err_set(e, ST_CONFIG, "tool '%s': there is one of that "
		    "name already", file);
	if (b->n >= TOOLS_MAX)
		return err_set(e, ST_CONFIG, "more than %d tools", TOOLS_MAX);
	if (describe(dir, file, name, &doc, e) < 0)
		return -1;
	t.file = STEAL(file);
	t.name = STEAL(name);
	if (take_description(&doc, &t, e) < 0) {
		tool_release(&t);
		return -1;
	}
	toolbox_add(b, &t);
	return 0;
}

static bool
is_program(const char *dir, const char *base)
{
	AUTO_FREE char *path = path_join(dir, base);
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & 0111) != 0;
}

static int
is_visible(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && d->d_name[len - 1] != '~';
}

static int
add_dir(struct toolbox *b, const char *dir, struct err *e)
{
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, is_visible, alphasort), r = 0;

	if (n < 0)
		return err_sys(e, ST_NOINPUT, "cannot open '%s'", dir);
	json_append(&b->dirs, json_from_str(dir));
	for (int i = 0; i < n; i++) {
		if (r == 0 && is_program(dir, entries[i]->d_name))
			r = add_tool(b, dir, entries[i]->d_name, e);
		free(entries[i]);
	}
	free(entries);
	return r;
}

int
toolbox_read(const jv *agent, const char *dir, struct toolbox *ret,
    struct err *e)
{
	AUTO_TOOLBOX struct toolbox b = { .dirs = json_array() };
	AUTO_JV jv dirs = agents_strings(agent, "tools_dir");

	for (size_t i = 0; i < json_count(&dirs); i++) {
		AUTO_JV jv one = json_at(&dirs, i);
		AUTO_FREE char *path = path_join(dir, json_string(&one));
		AUTO_FREE char *real = path_real(path, e);

		if (!real || add_dir(&b, real, e) < 0)
			return -1;
	}
	*ret = b;
	b = (struct toolbox)TOOLBOX_INIT;
	return 0;
}
