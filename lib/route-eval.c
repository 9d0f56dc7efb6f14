/* route-eval: how well tasks are routed; corrections. */
#include "config.h"

#include "route-eval.h"

#include <fcntl.h>
#include <sys/file.h>

#include "alloc.h"
#include "clock.h"
#include "fd.h"
#include "ndjson.h"
#include "path.h"

struct tally {
	struct route *r;
	size_t n, agents, classes, classed, bad;
	size_t *confusion;		/* [wanted][got], of agents */
	jv got;				/* {"id": "agent class"} */
	struct buf *out;
};

static int
agent_index(const struct route *r, const char *id)
{
	for (size_t i = 0; id && i < route_agents(r); i++)
		if (strcmp(route_agent_id(r, i), id) == 0)
			return (int)i;
	return -1;
}

static bool
is_right(const jv *label, const char *agent)
{
	AUTO_JV jv also = json_get(label, "also_ok");
	const char *want = json_str(label, "agent");

	if (!want || !agent)
		return false;
	if (strcmp(want, agent) == 0)
		return true;
	for (size_t i = 0; i < json_count(&also); i++) {
		AUTO_JV jv v = json_at(&also, i);
		if (json_string(&v) && strcmp(json_string(&v), agent) == 0)
			return true;
	}
	return false;
}

static void
tally_agent(struct tally *t, const jv *label, const struct route_choice *c,
    const char *id)
{
	const char *want = json_str(label, "agent");
	bool right = is_right(label, c->agent);
	int w = agent_index(t->r, want), g = agent_index(t->r, c->agent);

	t->agents += right;
	if (w >= 0 && g >= 0)
		t->confusion[(size_t)w * route_agents(t->r) +
		    (size_t)(right ? w : g)]++;
	if (!right)
		buf_addf(t->out, "wrong  %s: %s instead of %s%s%s\n", id,
		    c->agent ? c->agent : "nobody", want ? want : "?",
		    c->nreasons ? "; " : "", c->nreasons ? c->reasons[0] : "");
}

/* "heavy: breadth": what spoke for the class. */
static const char *
class_reason(const struct route_choice *c, const char *class)
{
	size_t n = strlen(class);

	for (size_t i = 0; i < c->nreasons; i++)
		if (strncmp(c->reasons[i], class, n) == 0 &&
		    c->reasons[i][n] == ':')
			return c->reasons[i] + n;
	return "";
}

static void
tally_class(struct tally *t, const jv *label, const struct route_choice *c,
    const char *id)
{
	const char *class = json_str(label, "class");
	const char *got = route_class_name(c->c);

	if (!class)
		return;
	t->classed++;
	if (strcmp(class, got) == 0)
		t->classes++;
	else
		buf_addf(t->out, "wrong  %s: %s instead of %s%s\n", id, got,
		    class, class_reason(c, got));
}

static int
eval_line(struct tally *t, const struct ndjson_line *line, struct err *e)
{
	struct route_choice c;
	AUTO_JV jv task = json_object();
	AUTO_FREE char *number = xasprintf("line %lu", line->number);
	const char *id = json_str(&line->value, "id");
	const char *text = route_text(&line->value);

	if (!text || !json_str(&line->value, "agent")) {
		t->bad++;
		err_warn("line %lu: no prompt or no agent, skipping it",
		    line->number);
		return 0;
	}
	id = id ? id : number;
	/* a label must not help */
	if (route_decide(t->r, &task, text, strlen(text), &c, e) < 0)
		return -1;
	t->n++;
	tally_agent(t, &line->value, &c, id);
	tally_class(t, &line->value, &c, id);
	json_set_str(&t->got, id, c.agent ? c.agent : "");
	return 0;
}

static int
eval_all(struct tally *t, int fd, struct err *e)
{
	struct ndjson_reader r;
	struct ndjson_line line = NDJSON_LINE_INIT;
	enum ndjson_result got;
	int status = 0;

	ndjson_init(&r, fd, NDJSON_LINE_MAX);
	while (status == 0 && (got = ndjson_next(&r, &line, e)) !=
	    NDJSON_EOF) {
		if (got == NDJSON_BAD) {
			t->bad++;
			err_warn("%s, skipping it", e->text);
		} else if (got != NDJSON_LINE) {
			status = -1;
		} else {
			status = eval_line(t, &line, e);
		}
	}
	ndjson_line_release(&line);
	ndjson_release(&r);
	return status;
}

static void
write_confusion(const struct tally *t)
{
	size_t n = route_agents(t->r);

	for (size_t w = 0; w < n; w++) {
		size_t all = 0;
		const size_t *row = t->confusion + w * n;
		for (size_t g = 0; g < n; g++)
			all += row[g];
		if (all == 0)
			continue;
		buf_addf(t->out, "%-20s %3zu of %3zu", route_agent_id(t->r, w),
		    row[w], all);
		for (size_t g = 0; g < n; g++)
			if (g != w && row[g] > 0)
				buf_addf(t->out, ", %zu to %s", row[g],
				    route_agent_id(t->r, g));
		buf_addc(t->out, '\n');
	}
}

static double
percent(size_t part, size_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void
write_changes(const struct tally *t, const jv *last)
{
	AUTO_JV jv before = json_get(last, "got");
	double agents = 0;

	if (!json_num(last, "agents", &agents))
		return;
	buf_addf(t->out, "before: agent %.1f %%\n", agents);
	JSON_EACH(&t->got, i) {
		const char *id = json_iter_key(&t->got, i);
		AUTO_JV jv now = json_iter_value(&t->got, i);
		const char *was = json_str(&before, id);
		if (was && strcmp(was, json_string(&now)) != 0)
			buf_addf(t->out, "changed %s: %s, was %s\n", id,
			    json_string(&now), was);
	}
}

static int
compare_with_last(struct tally *t, struct route_stat *stat, const char *path,
    struct err *e)
{
	AUTO_FREE char *name = path_real(path, e);
	AUTO_JV jv last = JSON_NONE;
	AUTO_JV jv now = json_object();

	if (!name || route_stat_last_eval(stat, name, &last, e) < 0)
		return -1;
	write_changes(t, &last);
	json_set_num(&now, "agents", percent(t->agents, t->n));
	json_set(&now, "got", json_copy(&t->got));
	return route_stat_save_eval(stat, name, &now, e);
}

int
route_eval(struct route *r, struct route_stat *stat, const char *path,
    struct buf *out, struct err *e)
{
	size_t n = route_agents(r);
	AUTO_FREE size_t *confusion = xcalloc(n * n + 1, sizeof(*confusion));
	struct tally t = {
		.r = r, .confusion = confusion, .got = json_object(),
		.out = out
	};
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int status = 0;

	if (fd < 0)
		status = err_sys(e, ST_NOINPUT, "cannot open '%s'", path);
	else if (eval_all(&t, fd, e) < 0)
		status = -1;
	if (status == 0) {
		write_confusion(&t);
		buf_addf(out, "agent: %zu of %zu right, %.1f %%\n", t.agents,
		    t.n, percent(t.agents, t.n));
		buf_addf(out, "class: %zu of %zu right, %.1f %%\n", t.classes,
		    t.classed, percent(t.classes, t.classed));
		if (stat)
			status = compare_with_last(&t, stat, path, e);
	}
	jv_free(t.got);
	return status < 0 ? -1 : t.bad > 0;
}

/* What a verdict means: an agent, or that it was not this one. */
static int
parse_verdict(const struct agents *agents, const char *verdict,
    const char *was, const char **ret_agent, bool *ret_bad, struct err *e)
{
	static const char should[] = "should-be=";
	AUTO_JV jv found = JSON_NONE;

	*ret_agent = was;
	*ret_bad = strcmp(verdict, "bad") == 0;
	if (*ret_bad || strcmp(verdict, "good") == 0)
		return 0;
	if (strncmp(verdict, should, strlen(should)) != 0)
		return err_set(e, ST_USAGE, "a verdict is good, bad or "
		    "should-be=AGENT, not '%s'", verdict);
	*ret_agent = verdict + strlen(should);
	return agents_need(agents, *ret_agent, &found, e);
}

/* One write at the end, under a lock: two people may judge at once. */
static int
append(const char *path, const struct buf *line, struct err *e)
{
	AUTO_FREE char *dir = path_dirname(path);
	AUTO_FD int fd = -1;

	if (path_mkdirs(dir, 0700, e) < 0)
		return -1;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
	    0600);
	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot open '%s'", path);
	if (flock(fd, LOCK_EX) < 0)
		return err_sys(e, ST_IO, "cannot lock '%s'", path);
	return fd_write(fd, line->data, line->len, e);
}

int
route_feedback(struct route_stat *stat, const struct agents *agents,
    const char *examples, const char *id, const char *verdict,
    struct err *e)
{
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *was = NULL;
	AUTO_BUF struct buf line = BUF_INIT;
	AUTO_JV jv example = json_object();
	char time[TIMESTAMP_LEN + 1];
	const char *agent;
	bool bad;
	int found = route_stat_find(stat, id, &text, &was, e);

	if (found < 0)
		return -1;
	if (found == 0)
		return err_set(e, ST_NOINPUT,
		    "no task '%s' was routed lately", id);
	if (parse_verdict(agents, verdict, was, &agent, &bad, e) < 0)
		return -1;
	timestamp_format(clock_wall(), time);
	json_set_str(&example, "id", id);
	json_set_str(&example, "prompt", text);
	json_set_str(&example, "agent", agent);
	json_set_str(&example, "verdict", bad ? "bad" : "good");
	json_set_str(&example, "time", time);
	json_write(&example, &line);
	buf_addc(&line, '\n');
	return append(examples, &line, e);
}
