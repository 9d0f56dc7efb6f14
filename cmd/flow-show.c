/* flow-show: agent-flow show: all that there is of one task. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "fd.h"
#include "flowcmd.h"
#include "path.h"
#include "term.h"

enum { FILE_MAX = 4 << 20, ATTEMPTS = 10 };

/* What a person wants to see of the task as it was written. */
static const char *const wanted[] = {
	"agent", "prompt", "run", "gate", "flow", "rollback", "loop",
	"condition", "needs", "with", "item", NULL
};

static int
read_json(const char *path, jv *ret, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;

	if (path_read(path, FILE_MAX, &text, e) < 0)
		return -1;
	return json_parse(text.data, text.len, ret, e);
}

/* The end of a file, as a string; nothing when it is not there, or empty. */
static void
add_file(const struct plan *p, const char *id, const char *dir,
    const char *name, jv *to)
{
	AUTO_FREE char *within = *dir ? xasprintf("%s/%s", dir, name) :
	    xstrdup(name);
	AUTO_FREE char *path = step_path(p->steps, id, within);
	AUTO_BUF struct buf text = BUF_INIT;
	struct err ignored;

	if (path_read(path, FILE_MAX, &text, &ignored) == 0 && text.len > 0)
		json_set(to, name, json_from_bytes(text.data, text.len));
}

static jv
attempts(const struct plan *p, const char *id)
{
	AUTO_FREE char *path = step_path(p->steps, id, "intent.json");
	AUTO_JV jv intent = JSON_NONE;
	jv list = json_array();
	struct err ignored;
	int64_t last = 0;
	jv read;

	if (read_json(path, &read, &ignored) == 0)
		intent = read;
	json_int(&intent, "attempt", &last);
	for (int64_t n = last > ATTEMPTS ? last - ATTEMPTS + 1 : 1; n <= last;
	    n++) {
		AUTO_FREE char *dir = xasprintf("%lld", (long long)n);
		jv one = json_object();

		json_set_int(&one, "attempt", n);
		if (n == last)
			json_set(&one, "began", json_get(&intent, "began"));
		add_file(p, id, dir, "stdout", &one);
		add_file(p, id, dir, "stderr", &one);
		json_append(&list, one);
	}
	return list;
}

static int
collect(const struct plan *p, const jv *line, jv *ret, struct err *e)
{
	const char *id = json_str(line, "id");
	AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
	AUTO_FREE char *path = xasprintf("%s/plan/%s.%s.json", p->dir, id,
	    json_str(line, "def"));
	AUTO_JV jv task = JSON_NONE;
	const char *state = plan_state(p, line, &r, e);
	jv read;

	if (!state || read_json(path, &read, e) < 0)
		return -1;
	task = read;
	*ret = json_object();
	json_set_str(ret, "task", id);
	json_set(ret, "title", json_get(line, "title"));
	json_set_str(ret, "state", state);
	for (size_t i = 0; wanted[i]; i++)
		json_set(ret, wanted[i], json_get(&task, wanted[i]));
	json_set(ret, "result", json_copy(&r.record));
	add_file(p, id, "", "input.json", ret);
	json_set(ret, "attempts", attempts(p, id));
	return 0;
}

/* "name: value", or the lines of a longer text below the name. */
static void
print_member(const char *name, const jv *v, const char *indent,
    struct buf *out)
{
	AUTO_FREE char *json = json_string(v) ? NULL : json_text(v);
	const char *text = json ? json : json_string(v);

	buf_addf(out, "%s%s:", indent, name);
	if (!strchr(text, '\n')) {
		buf_addf(out, " %s\n", text);
		return;
	}
	buf_addc(out, '\n');
	while (*text) {
		size_t len = strcspn(text, "\n");

		buf_addf(out, "%s    %.*s\n", indent, (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static void
print_attempts(const jv *all, struct buf *out)
{
	static const char *const names[] = { "began", "stdout", "stderr",
	    NULL };

	for (size_t i = 0; i < json_count(all); i++) {
		AUTO_JV jv one = json_at(all, i);
		int64_t n = 0;

		json_int(&one, "attempt", &n);
		buf_addf(out, "attempt %lld\n", (long long)n);
		for (size_t k = 0; names[k]; k++) {
			AUTO_JV jv v = json_get(&one, names[k]);

			if (json_string(&v))
				print_member(names[k], &v, "    ", out);
		}
	}
}

static void
print_text(const jv *all, struct buf *out)
{
	static const char *const first[] = { "task", "title", "state", NULL };
	static const char *const last[] = { "input.json", "result", NULL };
	const char *const *const groups[] = { first, wanted, last };
	AUTO_JV jv tries = json_get(all, "attempts");

	for (size_t g = 0; g < 3; g++)
		for (size_t i = 0; groups[g][i]; i++) {
			AUTO_JV jv v = json_get(all, groups[g][i]);

			if (!json_is(&v, JSON_NOTHING))
				print_member(groups[g][i], &v, "", out);
		}
	print_attempts(&tries, out);
}

static int
find_task(const struct plan *p, const char *id, jv *ret, struct err *e)
{
	for (size_t i = 0; i < plan_count(p); i++) {
		AUTO_JV jv task = plan_task(p, i);

		if (strcmp(json_str(&task, "id"), id) == 0) {
			*ret = json_copy(&task);
			return 0;
		}
	}
	return err_set(e, ST_NOINPUT, "the flow has no task '%s'", id);
}

/* Of a model's text only what does no harm to a terminal. */
static int
print(const struct flow_options *o, const jv *all, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;
	AUTO_BUF struct buf clean = BUF_INIT;

	if (o->json) {
		json_write(all, &clean);
		buf_addc(&clean, '\n');
	} else {
		print_text(all, &out);
		term_clean(out.data, out.len, 0, &clean);
	}
	return fd_write(STDOUT_FILENO, clean.data, clean.len, e);
}

int
flow_show(struct flow_options *o, int argc, char **argv)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_PLAN struct plan p = PLAN_INIT;
	AUTO_JV jv task = JSON_NONE;
	AUTO_JV jv all = JSON_NONE;
	struct err e = ERR_INIT;

	flow_options(&flow_cli, argc, argv, o);
	if (argc - optind != 2)
		cli_usage(&flow_cli, "a flow and a task are needed");
	if (flow_open(argv[optind], &w, &p, &e) < 0 ||
	    find_task(&p, argv[optind + 1], &task, &e) < 0 ||
	    collect(&p, &task, &all, &e) < 0 || print(o, &all, &e) < 0)
		return cli_end(err_report(&e));
	return cli_end(ST_OK);
}
