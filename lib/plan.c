/* plan: a flow that was checked, as files. */
#include "config.h"

#include "plan.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "alloc.h"
#include "path.h"
#include "plan-impl.h"
#include "sha256.h"

enum { FILE_MAX = 4 << 20 };

void
plan_release(struct plan *p)
{
	free(p->agent_dir);
	free(p->name);
	free(p->dir);
	free(p->steps);
	json_release(&p->list);
	*p = (struct plan)PLAN_INIT;
}

static void
place(const char *agent_dir, const char *name, struct plan *p)
{
	p->agent_dir = xstrdup(agent_dir);
	p->name = xstrdup(name);
	p->dir = xasprintf("%s/flows/%s", agent_dir, name);
	p->steps = xasprintf("%s/steps", p->dir);
}

static int
begin(struct plan *p, const char *flow, struct err *e)
{
	static const char *const names[] = { "plan", "data", "stamps", "steps",
	    NULL };

	for (size_t i = 0; names[i]; i++) {
		AUTO_FREE char *dir = path_join(p->dir, names[i]);

		if (path_mkdirs(dir, 0700, e) < 0)
			return -1;
	}
	json_release(&p->list);
	p->list = json_object();
	json_set_str(&p->list, "flow", flow);
	json_set(&p->list, "tasks", json_array());
	return 0;
}

/*
 * Puts a text there, unless it is there.  It is not synced, as what a crash of
 * the machine takes is made from the flow again; a thousand need not wait for
 * the disk, then.
 */
static int
put_text(const char *path, const char *text, struct err *e)
{
	AUTO_BUF struct buf old = BUF_INIT;
	struct err ignored;
	size_t len = strlen(text);

	if (path_read(path, FILE_MAX, &old, &ignored) == 0 &&
	    old.len == len && memcmp(old.data, text, len) == 0)
		return 0;
	return path_replace(path, text, len, 0600, e);
}

char *
plan_kept(const struct plan *p, const char *digest)
{
	return xasprintf("%s/data/%s.json", p->dir, digest);
}

static void
digest_of(const char *text, char ret[PLAN_DEF_LEN + 1])
{
	char hex[SHA256_HEX_LEN + 1];

	sha256_hex(text, strlen(text), hex);
	snprintf(ret, PLAN_DEF_LEN + 1, "%.*s", PLAN_DEF_LEN, hex);
}

int
plan_keep(const struct plan *p, const jv *value, char ret[PLAN_DEF_LEN + 1],
    struct err *e)
{
	AUTO_FREE char *text = json_text(value);
	AUTO_FREE char *path = NULL;

	digest_of(text, ret);
	path = plan_kept(p, ret);
	return put_text(path, text, e);
}

int
plan_add(struct plan *p, const jv *task, const char *title,
    const struct strs *after, struct err *e)
{
	static const char *const members[] = { "id", "kind", "needs", "agent",
	    "always", "on_error", NULL };
	AUTO_FREE char *text = json_text(task);
	AUTO_FREE char *path = NULL;
	char def[PLAN_DEF_LEN + 1];
	jv line = json_object();
	jv tasks = json_get(&p->list, "tasks");

	digest_of(text, def);
	for (size_t i = 0; members[i]; i++)
		json_set(&line, members[i], json_get(task, members[i]));
	json_set_str(&line, "def", def);
	if (title)
		json_set_str(&line, "title", title);
	if (after && after->n > 0)
		json_set(&line, "after", json_from_strs(after));
	/* not to copy the list: nobody else has it while it grows */
	json_set(&p->list, "tasks", json_null());
	json_append(&tasks, line);
	json_set(&p->list, "tasks", tasks);
	path = xasprintf("%s/plan/%s.%s.json", p->dir, json_str(task, "id"),
	    def);
	return put_text(path, text, e);
}

size_t
plan_count(const struct plan *p)
{
	AUTO_JV jv tasks = json_get(&p->list, "tasks");

	return json_count(&tasks);
}

jv
plan_task(const struct plan *p, size_t i)
{
	AUTO_JV jv tasks = json_get(&p->list, "tasks");

	return json_at(&tasks, i);
}

int
plan_finish(struct plan *p, struct err *e)
{
	AUTO_FREE char *text = json_text(&p->list);
	AUTO_FREE char *path = path_join(p->dir, "flow.json");
	AUTO_STRS struct strs ids = STRS_INIT;

	for (size_t i = 0; i < plan_count(p); i++) {
		AUTO_JV jv task = plan_task(p, i);

		strs_add(&ids, json_str(&task, "id"));
	}
	if (step_make_dirs(p->steps, (const char *const *)ids.v, e) < 0)
		return -1;
	return path_write_atomic(path, text, strlen(text), 0600, e);
}

/* Its limits once more, for plan_open_task(). */
static int
keep_limits(const struct plan *p, struct err *e)
{
	AUTO_JV jv limits = json_get(&p->list, "limits");
	AUTO_FREE char *path = path_join(p->dir, "limits.json");
	AUTO_FREE char *text = NULL;

	if (!json_is(&limits, JSON_OBJECT)) {
		if (unlink(path) < 0 && errno != ENOENT)
			return err_sys(e, ST_IO, "cannot remove '%s'", path);
		return 0;
	}
	text = json_text(&limits);
	return path_write_atomic(path, text, strlen(text), 0600, e);
}

int
plan_make(const struct workspace *w, const struct flow *f, const jv *inputs,
    struct plan *ret, struct err *e)
{
	AUTO_PLAN struct plan p = PLAN_INIT;

	place(w->dir, f->name, &p);
	if (begin(&p, f->name, e) < 0)
		return -1;
	json_set_str(&p.list, "file", f->doc.name);
	json_set_str(&p.list, "dir", f->dir);
	json_set(&p.list, "limits", json_get(&f->doc.value, "limits"));
	if (plan_describe(&p, f, inputs, e) < 0 || keep_limits(&p, e) < 0 ||
	    plan_finish(&p, e) < 0)
		return -1;
	*ret = p;
	p = (struct plan)PLAN_INIT;
	return 0;
}

static int
read_list(struct plan *p, struct err *e)
{
	AUTO_FREE char *path = path_join(p->dir, "flow.json");
	AUTO_BUF struct buf text = BUF_INIT;

	if (!path_exists(path))
		return 0;
	if (path_read(path, FILE_MAX, &text, e) < 0 ||
	    json_parse(text.data, text.len, &p->list, e) < 0)
		return err_prefix(e, "'%s'", path);
	return 1;
}

int
plan_open(const struct workspace *w, const char *name, struct plan *ret,
    struct err *e)
{
	AUTO_PLAN struct plan p = PLAN_INIT;
	int there;

	if (!workspace_id_valid(name))
		return err_set(e, ST_USAGE, "'%s' is no name of a flow", name);
	place(w->dir, name, &p);
	there = read_list(&p, e);
	if (there == 0)
		return err_set(e, ST_NOINPUT, "the flow '%s' was never "
		    "compiled or run here", name);
	if (there < 0)
		return -1;
	*ret = p;
	p = (struct plan)PLAN_INIT;
	return 0;
}

int
plan_open_task(const struct workspace *w, const char *name, struct plan *ret,
    struct err *e)
{
	AUTO_PLAN struct plan p = PLAN_INIT;
	AUTO_FREE char *path = NULL;
	AUTO_BUF struct buf text = BUF_INIT;
	jv limits;

	if (!workspace_id_valid(name))
		return err_set(e, ST_USAGE, "'%s' is no name of a flow", name);
	place(w->dir, name, &p);
	p.list = json_object();
	path = path_join(p.dir, "limits.json");
	if (path_exists(path)) {
		if (path_read(path, FILE_MAX, &text, e) < 0 ||
		    json_parse(text.data, text.len, &limits, e) < 0)
			return err_prefix(e, "'%s'", path);
		json_set(&p.list, "limits", limits);
	}
	*ret = p;
	p = (struct plan)PLAN_INIT;
	return 0;
}

/* "FLOW.ID", or, when that is too long for a name, a digest of it. */
static void
place_sub(const struct plan *p, const char *id, struct plan *sub)
{
	AUTO_FREE char *name = xasprintf("%s.%s", p->name, id);
	char digest[PLAN_DEF_LEN + 1];

	if (!workspace_id_valid(name)) {
		digest_of(name, digest);
		free(name);
		name = xasprintf("%.*s.%s", FLOW_ID_MAX, p->name, digest);
	}
	place(p->agent_dir, name, sub);
}

int
plan_begin_sub(const struct plan *p, const char *id, struct plan *ret,
    struct err *e)
{
	plan_release(ret);
	place_sub(p, id, ret);
	return begin(ret, ret->name, e);
}

int
plan_open_sub(const struct plan *p, const char *id, struct plan *ret,
    struct err *e)
{
	AUTO_PLAN struct plan sub = PLAN_INIT;
	int there;

	place_sub(p, id, &sub);
	there = read_list(&sub, e);
	if (there <= 0)
		return there;
	*ret = sub;
	sub = (struct plan)PLAN_INIT;
	return 1;
}

/* {ID: DEF} */
static jv
definitions(const struct plan *p)
{
	jv index = json_object();

	for (size_t i = 0; i < plan_count(p); i++) {
		AUTO_JV jv task = plan_task(p, i);

		json_set_str(&index, json_str(&task, "id"),
		    json_str(&task, "def"));
	}
	return index;
}

static void
add_stamps(const jv *task, const char *member, const jv *index,
    struct buf *out)
{
	AUTO_JV jv ids = json_get(task, member);

	for (size_t k = 0; k < json_count(&ids); k++) {
		AUTO_JV jv id = json_at(&ids, k);

		buf_addf(out, " $S/%s.%s", json_string(&id),
		    json_str(index, json_string(&id)));
	}
}

bool
plan_has_sub(const jv *task)
{
	const char *kind = json_str(task, "kind");

	return strcmp(kind, "loop") == 0 || strcmp(kind, "flow") == 0;
}

/* With `turns`, one that is not over leaves those after it their turn. */
static void
add_rule(const jv *task, const jv *index, bool turns, struct buf *out)
{
	buf_addf(out, "\n$S/%s.%s: |", json_str(task, "id"),
	    json_str(task, "def"));
	add_stamps(task, "needs", index, out);
	add_stamps(task, "after", index, out);
	/* what is a make of its own shares the jobs: that is the + */
	buf_addf(out, "\n\t%s%s@$(TASK) %s.%s\n", turns ? "-" : "",
	    plan_has_sub(task) ? "+" : "", json_str(task, "id"),
	    json_str(task, "def"));
}

void
plan_makefile(const struct plan *p, struct buf *out)
{
	AUTO_JV jv index = definitions(p);
	bool turns = json_has(&p->list, "turns");

	buf_addf(out,
	    "# The flow '%s'.  Made by agent-flow compile: change the flow, "
	    "not this.\n"
	    "# Run it in the directory that has .agent: make -k -j 4 -f FILE\n"
	    "#\n"
	    "# A task's target is named by its definition, and is there when "
	    "its result\n"
	    "# stands; what has changed otherwise is found and taken away "
	    "first.\n"
	    "# Times of files never count, so all prerequisites are "
	    "order-only.\n"
	    "SHELL = /bin/sh\n"
	    "MAKEFLAGS += -rR\n"
	    ".SUFFIXES:\n"
	    "FLOW = %s\n"
	    "TASK = agent-flow task $(FLOW)\n"
	    "S = .agent/flows/$(FLOW)/stamps\n"
	    "ifneq ($(shell agent-flow stale $(FLOW) && echo yes),yes)\n"
	    "$(error cannot tell what is to be done)\n"
	    "endif\n"
	    "\n"
	    ".PHONY: all\nall:", p->name, p->name);
	for (size_t i = 0; i < plan_count(p); i++) {
		AUTO_JV jv task = plan_task(p, i);

		buf_addf(out, " \\\n\t$S/%s.%s", json_str(&task, "id"),
		    json_str(&task, "def"));
	}
	buf_adds(out, "\n\t@agent-flow status --check $(FLOW)\n");
	for (size_t i = 0; i < plan_count(p); i++) {
		AUTO_JV jv task = plan_task(p, i);

		add_rule(&task, &index, turns, out);
	}
}
