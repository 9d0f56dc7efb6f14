/* roster: who is at work in a workspace. */
#include "config.h"

#include "roster.h"

#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "fd.h"
#include "hub.h"
#include "json.h"
#include "registry.h"
#include "watch.h"
#include "workspace.h"

enum { COLUMNS = 7, SHORT_ID = 8, CELL_MAX = 40, NOTE_MIN = 16 };

#define CALM (100 * CLOCK_MS)	/* between two pictures, at least */

static const char *const titles[COLUMNS] = {
	"AGENT", "TYPE", "STATE", "SINCE", "TOKENS", "TASK", "MEMORY"
};

struct row {
	char *cells[COLUMNS];
};

struct view {
	const struct roster *r;
	struct term term;
	struct row *rows;
	size_t n, cap;
	jv shown, now;		/* lines of JSON by "PID ID" */
	size_t lines;		/* of the last picture on a terminal */
};

static void
drop_rows(struct view *v)
{
	for (size_t i = 0; i < v->n; i++)
		for (int c = 0; c < COLUMNS; c++)
			free(v->rows[i].cells[c]);
	v->n = 0;
}

/* What came from agents, made harmless, on one line. */
static char *
clean(const struct view *v, const char *text)
{
	AUTO_BUF struct buf out = BUF_INIT;

	if (text)
		term_clean(text, strlen(text), TERM_ONELINE |
		    (v->term.ascii ? TERM_ASCII : 0), &out);
	return out.len > 0 ? buf_steal(&out) : xstrdup("-");
}

/* "running", or "waiting at 0J6B35BF", which agent-gate(1) understands. */
static char *
state_words(const jv *member)
{
	const char *state = json_str(member, "state");
	const char *gate = json_str(member, "gate");
	size_t len = gate ? strlen(gate) : 0;

	return xasprintf("%s%s%s", state ? state : "-", gate ? " at " : "",
	    len > SHORT_ID ? gate + len - SHORT_ID : gate ? gate : "");
}

/* "42s", "12m", "3h", "5d": for how long. */
static char *
since_words(const jv *member)
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' } };
	const char *since = json_str(member, "since");
	int64_t ns, s;

	if (!since || timestamp_parse(since, &ns) < 0)
		return xstrdup("-");
	s = (clock_wall() - ns) / CLOCK_SEC;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (s >= 2 * units[i].seconds)
			return xasprintf("%lld%c",
			    (long long)(s / units[i].seconds), units[i].unit);
	return xasprintf("%llds", (long long)(s > 0 ? s : 0));
}

static char *
tokens_words(const jv *member)
{
	int64_t n;

	return json_int(member, "tokens", &n) ?
	    xasprintf("%lld", (long long)n) : xstrdup("-");
}

static void
add_row(struct view *v, const jv *member)
{
	AUTO_FREE char *state = state_words(member);
	struct row *row;

	GROW(v->rows, v->n, v->cap);
	row = &v->rows[v->n++];
	*row = (struct row){ {
		clean(v, json_str(member, "id")),
		clean(v, json_str(member, "type")),
		clean(v, state),
		since_words(member),
		tokens_words(member),
		clean(v, json_str(member, "task")),
		clean(v, json_str(member, "note"))
	} };
}

/* Whether a list with commas has it; no list has all. */
static bool
wanted(const char *list, const char *id)
{
	size_t n;

	for (const char *p = list; p; p = p[n] ? p + n + 1 : NULL) {
		n = strcspn(p, ",");
		if (strlen(id) == n && strncmp(p, id, n) == 0)
			return true;
	}
	return !list;
}

static int
take(const jv *member, void *arg)
{
	struct view *v = arg;
	const char *id = json_str(member, "id");
	int64_t pid = 0;

	if (!wanted(v->r->agent, id ? id : ""))
		return 0;
	if (!v->r->json) {
		add_row(v, member);
		return 0;
	}
	(void)json_int(member, "pid", &pid);
	AUTO_FREE char *key = xasprintf("%lld %s", (long long)pid,
	    id ? id : "");
	AUTO_FREE char *line = json_text(member);
	json_set_str(&v->now, key, line);
	return 0;
}

/* Columns get what they need, long ones what is left. */
static void
find_widths(const struct view *v, size_t total, size_t width[COLUMNS])
{
	size_t used = 0;

	for (int c = 0; c < COLUMNS; c++) {
		width[c] = strlen(titles[c]);
		for (size_t i = 0; i < v->n; i++) {
			const char *s = v->rows[i].cells[c];
			size_t w = term_width(&v->term, s, strlen(s));
			width[c] = w > width[c] ? w : width[c];
		}
		if (c < COLUMNS - 1 && width[c] > CELL_MAX)
			width[c] = CELL_MAX;
		used += c < COLUMNS - 1 ? width[c] + 2 : 0;
	}
	if (total == 0)
		return;
	/* the task gives way to what is remembered, but keeps its title */
	while (used + NOTE_MIN > total && width[COLUMNS - 2] > 8) {
		width[COLUMNS - 2]--;
		used--;
	}
	if (used + width[COLUMNS - 1] > total)
		width[COLUMNS - 1] = total > used + 6 ? total - used : 6;
}

static void
put_row(const struct view *v, const char *const *cells,
    const size_t width[COLUMNS], struct buf *out)
{
	for (int c = 0; c < COLUMNS; c++) {
		const char *s = cells[c];
		size_t w = term_cut(&v->term, s, strlen(s), width[c], out);

		if (c < COLUMNS - 1)
			buf_addf(out, "%*s", (int)(width[c] - w) + 2, "");
	}
	buf_addc(out, '\n');
}

static int
print_table(struct view *v, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;
	size_t width[COLUMNS], total;

	term_resize(&v->term, STDOUT_FILENO);
	total = v->r->width >= 0 ? (size_t)v->r->width : v->term.tty ?
	    (size_t)v->term.columns : WATCH_PIPE_COLUMNS;
	find_widths(v, total, width);
	/* over the picture before, whose lines are not wrapped */
	if (v->lines > 0 && v->term.tty)
		buf_addf(&out, "\033[%zuA\033[J", v->lines);
	else if (v->lines > 0)
		buf_addc(&out, '\n');
	if (v->term.colour)
		buf_adds(&out, "\033[1m");
	put_row(v, titles, width, &out);
	if (v->term.colour)
		buf_adds(&out, "\033[0m");
	for (size_t i = 0; i < v->n; i++)
		put_row(v, (const char *const *)v->rows[i].cells, width, &out);
	v->lines = v->n + 1;
	return fd_write(STDOUT_FILENO, out.data, out.len, e);
}

/* Who left is told once. */
static void
add_gone(const struct view *v, struct buf *out)
{
	JSON_EACH(&v->shown, i) {
		const char *key = json_iter_key(&v->shown, i);
		const char *id = strchr(key, ' ');
		AUTO_JV jv o = json_object();

		if (json_has(&v->now, key))
			continue;
		json_set_str(&o, "id", id ? id + 1 : key);
		json_set_str(&o, "state", "gone");
		json_write(&o, out);
		buf_addc(out, '\n');
	}
}

/* The lines that differ from those of before. */
static int
print_lines(struct view *v, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;

	JSON_EACH(&v->now, i) {
		const char *key = json_iter_key(&v->now, i);
		const char *line = json_str(&v->now, key);
		const char *was = json_str(&v->shown, key);

		if (!was || strcmp(was, line) != 0)
			buf_addf(&out, "%s\n", line);
	}
	add_gone(v, &out);
	json_release(&v->shown);
	v->shown = v->now;
	v->now = json_object();
	return out.len > 0 ? fd_write(STDOUT_FILENO, out.data, out.len, e) : 0;
}

static int
show(struct view *v, struct hub *h, struct err *e)
{
	drop_rows(v);
	if (h && registry_list(h, take, v, e) < 0)
		return -1;
	return v->r->json ? print_lines(v, e) : print_table(v, e);
}

/* Not at every stroke of a busy agent. */
static int
rest(struct hub_watch *w, struct err *e)
{
	struct deadline until = deadline_in(CALM);
	int r;

	do
		r = hub_watch_wait(w, until, -1, NULL, e);
	while (r > 0);
	return r;
}

static int
follow(struct view *v, struct hub *h, struct err *e)
{
	/* how long somebody is here changes by itself */
	struct deadline minute;
	struct hub_watch *w = NULL;
	int r;

	if (registry_watch(h, &w, e) < 0)
		return -1;
	do {
		r = show(v, h, e);
		minute = v->r->json ? DEADLINE_NEVER :
		    deadline_in(60 * CLOCK_SEC);
		if (r == 0)
			r = hub_watch_wait(w, minute, -1, NULL, e);
		if (r > 0)
			r = rest(w, e);
	} while (r >= 0 && !fd_reader_left(STDOUT_FILENO));
	hub_watch_close(w);
	return r < 0 ? -1 : 0;
}

static int
run(struct view *v, const struct workspace *w, struct err *e)
{
	AUTO_FREE char *file = workspace_hub(w);
	AUTO_HUB struct hub *h = NULL;

	/* who only looks makes nothing */
	if ((v->r->follow || access(file, F_OK) == 0) &&
	    hub_open(w->dir, NULL, NULL, &h, e) < 0)
		return -1;
	return v->r->follow ? follow(v, h, e) : show(v, h, e);
}

int
roster_run(const struct roster *r, struct err *e)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	struct view v = { .r = r, .term = TERM_INIT, .shown = json_object(),
		.now = json_object() };
	int found = workspace_find(r->dir, &w, e);

	term_open(&v.term, STDOUT_FILENO, r->colour);
	if (found == 0)
		found = err_set(e, ST_NOINPUT, "there is no workspace here: "
		    "no '.agent' in this directory or above");
	else if (found > 0)
		found = run(&v, &w, e);
	term_close(&v.term);
	drop_rows(&v);
	free(v.rows);
	json_release(&v.shown);
	json_release(&v.now);
	return found;
}
