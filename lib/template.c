/* template: a question kept under a name, with places to fill in. */
#include "config.h"

#include "template.h"

#include <dirent.h>

#include "alloc.h"
#include "env.h"
#include "path.h"
#include "strs.h"
#include "suggest.h"
#include "yaml.h"

static const char suffix[] = ".yaml";
static const char input_name[] = "input";

static const struct yaml_shape shape[] = {
	{ "defaults", .kinds = YAML_MAP },
	{ "extract", .kinds = YAML_BOOL },
	{ "extract_last", .kinds = YAML_BOOL },
	{ "model", .kinds = YAML_STRING },
	{ "options", .kinds = YAML_MAP },
	{ "prompt", .kinds = YAML_STRING },
	{ "schema", .kinds = YAML_STRING | YAML_MAP },
	{ "schema_object", .kinds = YAML_MAP },		/* llm's word */
	{ "system", .kinds = YAML_STRING },
	YAML_SHAPE_END
};

void
template_release(struct template *t)
{
	free(t->name);
	free(t->path);
	free(t->prompt);
	free(t->rules);
	free(t->model);
	free(t->schema);
	json_release(&t->options);
	json_release(&t->values);
	*t = (struct template)TEMPLATE_INIT;
}

/* Where they are. */

static char *
dir_of_workspace(const struct workspace *ws)
{
	return ws && ws->dir ? path_join(ws->dir, "templates") : NULL;
}

static char *
dir_of_user(void)
{
	AUTO_FREE char *config = env_xdg_config();

	return config ? path_join(config, "templates") : NULL;
}

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n > k && strcmp(s + n - k, end) == 0;
}

/* The names in a directory, without the suffix; sorted. */
static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
names_in(const char *dir, struct strs *names)
{
	DIR *d = dir ? opendir(dir) : NULL;
	struct dirent *entry;
	size_t first = names->n;

	if (!d)
		return;
	while ((entry = readdir(d)))
		if (ends_with(entry->d_name, suffix))
			strs_addf(names, "%.*s", (int)(strlen(entry->d_name) -
			    strlen(suffix)), entry->d_name);
	closedir(d);
	if (names->n > first)
		qsort(names->v + first, names->n - first, sizeof(*names->v),
		    by_name);
}

static char *
file_in(const char *dir, const char *name)
{
	AUTO_FREE char *file = dir ? xasprintf("%s/%s%s", dir, name, suffix) :
	    NULL;

	return file && path_exists(file) ? STEAL(file) : NULL;
}

static char *
find(const char *name, const struct workspace *ws, struct err *e)
{
	AUTO_FREE char *near = dir_of_workspace(ws), *own = dir_of_user();
	AUTO_STRS struct strs names = STRS_INIT;
	static const char *const none[] = { NULL };
	char hint[SUGGEST_TEXT_MAX], *file;

	if (strchr(name, '/') || ends_with(name, suffix) ||
	    ends_with(name, ".yml"))
		return xstrdup(name);
	file = file_in(near, name);
	if (!file)
		file = file_in(own, name);
	if (file)
		return file;
	names_in(near, &names);
	names_in(own, &names);
	err_set(e, ST_NOINPUT, "no template '%s'%s", name, suggest_text(name,
	    names.n ? (const char *const *)names.v : none, hint));
	return NULL;
}

/* Filling in. */

/* The length of the name that a `$` begins at `s`, and in *ret_name where it
 * is; 0 when that is none.  *ret_all gets how long all of it is. */
static size_t
parameter(const char *s, const char **ret_name, size_t *ret_all)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	size_t braces = s[1] == '{', n = strspn(s + 1 + braces, word);

	*ret_name = s + 1 + braces;
	*ret_all = 1 + 2 * braces + n;
	if (n == 0 || strchr("0123456789", **ret_name) ||
	    (braces && (*ret_name)[n] != '}'))
		return 0;
	return n;
}

static bool
is_input(const char *name, size_t n)
{
	return n == strlen(input_name) && strncmp(name, input_name, n) == 0;
}

/* Calls `fn` for each parameter and for the text between them. */
typedef void (*piece_fn)(void *ctx, const char *s, size_t n, bool name);

static void
walk(const char *text, piece_fn fn, void *ctx)
{
	const char *name;
	size_t n, all;

	for (const char *s; (s = strchr(text, '$')); text = s + all) {
		fn(ctx, text, (size_t)(s - text), false);
		n = parameter(s, &name, &all);
		if (n > 0) {
			fn(ctx, name, n, true);
			continue;
		}
		all = s[1] == '$' ? 2 : 1;
		fn(ctx, "$", 1, false);
	}
	fn(ctx, text, strlen(text), false);
}

struct filling {
	const struct template *t;
	const char *input;
	size_t len;
	bool put;		/* the input has its place */
	struct buf *out;
};

static void
fill_piece(void *ctx, const char *s, size_t n, bool name)
{
	struct filling *f = ctx;
	AUTO_FREE char *key = name ? xstrndup(s, n) : NULL;

	if (!key) {
		buf_add(f->out, s, n);
	} else if (is_input(s, n)) {
		buf_add(f->out, f->input, f->len);
		f->put = true;
	} else {
		buf_adds(f->out, json_str(&f->t->values, key));
	}
}

void
template_prompt(const struct template *t, const char *input, size_t len,
    struct buf *out)
{
	struct filling f = { .t = t, .input = input, .len = len, .out = out };

	walk(t->prompt, fill_piece, &f);
	if (f.put || len == 0)
		return;
	buf_adds(out, "\n\n");
	buf_add(out, input, len);
}

void
template_rules(const struct template *t, struct buf *out)
{
	struct filling f = { .t = t, .input = "", .out = out };

	walk(t->rules, fill_piece, &f);
}

/* Reading. */

struct wanted {
	struct strs names;
	bool input;
};

static void
want_piece(void *ctx, const char *s, size_t n, bool name)
{
	struct wanted *w = ctx;
	AUTO_FREE char *key = name ? xstrndup(s, n) : NULL;

	if (key && is_input(s, n))
		w->input = true;
	else if (key && !strs_has(&w->names, key))
		strs_add(&w->names, key);
}

static int
check_names(const struct template *t, const struct wanted *w,
    const jv *params, struct err *e)
{
	static const char *const none[] = { NULL };
	char hint[SUGGEST_TEXT_MAX];

	JSON_EACH(params, i) {
		const char *name = json_iter_key(params, i);
		if (!strs_has(&w->names, name))
			return err_set(e, ST_USAGE, "template '%s' has no "
			    "parameter '%s'%s", t->name, name,
			    suggest_text(name, w->names.n ?
			    (const char *const *)w->names.v : none, hint));
	}
	for (size_t i = 0; i < w->names.n; i++)
		if (!json_str(&t->values, w->names.v[i]))
			return err_set(e, ST_USAGE, "template '%s' needs a "
			    "parameter: -p %s VALUE", t->name,
			    w->names.v[i]);
	return 0;
}

/* All that it wants is there, and what was given is wanted. */
static int
check_parameters(const struct template *t, const struct yaml_doc *doc,
    const jv *params, struct err *e)
{
	struct wanted w = { .names = STRS_INIT };
	int r = 0;

	if (t->rules)
		walk(t->rules, want_piece, &w);
	if (w.input)
		r = yaml_err(doc, "system", e,
		    "$input belongs into the prompt");
	if (t->prompt)
		walk(t->prompt, want_piece, &w);
	if (r == 0)
		r = check_names(t, &w, params, e);
	strs_release(&w.names);
	return r;
}

static char *
string_of(const jv *object, const char *key)
{
	const char *s = json_str(object, key);

	return s ? xstrdup(s) : NULL;
}

/* The values of parameters: those given over the defaults, all as text. */
static jv
values_of(const jv *doc, const jv *params)
{
	AUTO_JV jv defaults = json_get(doc, "defaults");
	AUTO_JV jv all = json_merge(&defaults, params);
	jv values = json_object();

	JSON_EACH(&all, i) {
		AUTO_JV jv v = json_iter_value(&all, i);
		AUTO_FREE char *text = json_string(&v) ? NULL : json_text(&v);
		json_set_str(&values, json_iter_key(&all, i),
		    text ? text : json_string(&v));
	}
	return values;
}

static char *
schema_of(const jv *doc)
{
	AUTO_JV jv schema = json_has(doc, "schema") ? json_get(doc, "schema") :
	    json_get(doc, "schema_object");

	if (json_string(&schema))
		return xstrdup(json_string(&schema));
	return json_is(&schema, JSON_OBJECT) ? json_text(&schema) : NULL;
}

static void
take(const jv *v, const jv *params, struct template *t)
{
	if (json_string(v)) {
		t->prompt = xstrdup(json_string(v));
	} else {
		t->prompt = string_of(v, "prompt");
		t->rules = string_of(v, "system");
		t->model = string_of(v, "model");
		t->schema = schema_of(v);
		t->options = json_get(v, "options");
		(void)json_bool(v, "extract", &t->extract);
		(void)json_bool(v, "extract_last", &t->extract_last);
	}
	t->values = values_of(v, params);
}

int
template_load(const char *name, const struct workspace *ws, const jv *params,
    struct template *ret, struct err *e)
{
	AUTO_TEMPLATE struct template t = TEMPLATE_INIT;
	AUTO_YAML struct yaml_doc doc = YAML_DOC_INIT;

	t.name = xstrdup(name);
	t.path = find(name, ws, e);
	if (!t.path || yaml_read(t.path, &doc, e) < 0)
		return -1;
	if (!json_string(&doc.value) && yaml_check(&doc, "", shape, e) < 0)
		return -1;
	take(&doc.value, params, &t);
	if (check_parameters(&t, &doc, params, e) < 0)
		return -1;
	template_release(ret);
	*ret = t;
	t = (struct template)TEMPLATE_INIT;
	return 0;
}

/* Writing. */

/* Whether YAML gives a text back as it is when it stands in a block. */
static bool
fits_block(const char *s)
{
	if (!strchr(s, '\n') || strchr(" \t\n", *s))
		return false;
	for (; *s; s++)
		if (((unsigned char)*s < ' ' && *s != '\n' && *s != '\t') ||
		    (unsigned char)*s >= 0x7f)
			return false;
	return true;
}

/* "key: |" and the lines, where that is possible: people edit these files.
 * Otherwise as JSON, which is YAML. */
static void
add_text(struct buf *out, const char *key, const char *s)
{
	size_t n = s ? strlen(s) : 0;

	if (!s)
		return;
	if (!fits_block(s)) {
		buf_addf(out, "%s: ", key);
		json_quote(s, n, out);
		buf_addc(out, '\n');
		return;
	}
	buf_addf(out, "%s: |%s\n", key, s[n - 1] != '\n' ? "-" :
	    s[n - 2] == '\n' ? "+" : "");
	while (*s) {
		n = strcspn(s, "\n");
		buf_addf(out, "%s%.*s\n", n > 0 ? "  " : "", (int)n, s);
		s += n + (s[n] == '\n');
	}
}

static void
add_value(struct buf *out, const char *key, const jv *v)
{
	if (json_count(v) == 0)
		return;
	buf_addf(out, "%s: ", key);
	json_write(v, out);
	buf_addc(out, '\n');
}

int
template_save(const struct template *t, struct err *e)
{
	AUTO_FREE char *dir = dir_of_user(), *file = NULL;
	AUTO_BUF struct buf out = BUF_INIT;

	if (!workspace_id_valid(t->name))
		return err_set(e, ST_USAGE, "'%s' is no name for a template",
		    t->name);
	if (!dir)
		return err_set(e, ST_CANTCREATE,
		    "no home: no place for templates");
	add_text(&out, "model", t->model);
	add_value(&out, "options", &t->options);
	add_text(&out, "schema", t->schema);
	if (t->extract || t->extract_last)
		buf_addf(&out, "%s: true\n",
		    t->extract_last ? "extract_last" : "extract");
	add_value(&out, "defaults", &t->values);
	add_text(&out, "system", t->rules);
	add_text(&out, "prompt", t->prompt);
	if (out.len == 0)
		return err_set(e, ST_USAGE, "there is nothing to save");
	file = xasprintf("%s/%s%s", dir, t->name, suffix);
	return path_mkdirs(dir, 0777, e) < 0 ? -1 :
	    path_write_atomic(file, out.data, out.len, 0666, e);
}

/* Listing. */

static jv
describe(const char *dir, const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/%s%s", dir, name, suffix);
	AUTO_YAML struct yaml_doc doc = YAML_DOC_INIT;
	struct err why = ERR_INIT;
	AUTO_TEMPLATE struct template t = TEMPLATE_INIT;
	jv o = json_object(), none = JSON_NONE;

	json_set_str(&o, "name", name);
	json_set_str(&o, "path", path);
	if (yaml_read(path, &doc, &why) < 0 || (!json_string(&doc.value) &&
	    yaml_check(&doc, "", shape, &why) < 0)) {
		json_set_str(&o, "error", why.text);
		return o;
	}
	take(&doc.value, &none, &t);
	json_set_str(&o, "prompt", t.prompt);
	json_set_str(&o, "system", t.rules);
	json_set_str(&o, "model", t.model);
	return o;
}

static void
list_dir(const char *dir, jv *list)
{
	AUTO_STRS struct strs names = STRS_INIT;

	names_in(dir, &names);
	for (size_t i = 0; i < names.n; i++)
		json_append(list, describe(dir, names.v[i]));
}

jv
template_list(const struct workspace *ws)
{
	AUTO_FREE char *near = dir_of_workspace(ws), *own = dir_of_user();
	jv list = json_array();

	list_dir(near, &list);
	list_dir(own, &list);
	return list;
}
