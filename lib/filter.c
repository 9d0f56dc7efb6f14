/*
 * filter: jq programs that people write, over libjq.
 *
 * What a program must not reach is shadowed by definitions that are put
 * before it, on its own first line so that line numbers stay right.  Inner
 * definitions win and jq has no way to name an outer one.  `import` and
 * `include` may only come first, so after these they are syntax errors.
 *
 * libjq resolves named arguments when it compiles; variables that change from
 * run to run travel in the input instead: [VALUE, {"name": ...}].
 */
#include "config.h"

#include "filter.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <time.h>

#include "alloc.h"
#include "filter-impl.h"

struct filter {
	jq_state *jq;
	bool has_vars;
};

static const char shadow[] =
	"def env: {}; def get_search_list: []; def debug: .; def stderr: .; "
	"def input: error(\"input is not available here\"); "
	"def _input: input; def inputs: input; "
	"def modulemeta: error(\"no modules here\"); "
	"def halt: error(\"halt is not available here\"); "
	"def halt_error: halt; def halt_error($status): halt; "
	"{} as $ENV | ";

/*
 * The watchdog.  A timer of the process's own processor time ticks while
 * programs run; when one tick after another finds the same run going on, it
 * is stuck.  The handler uses only what is safe there; it switches the timer
 * off when it finds nothing running.
 */
enum { TICKS_PER_SECOND = 10 };
static struct {
	pid_t owner;			/* timers do not survive fork(2) */
	timer_t timer;
	volatile sig_atomic_t armed;
	volatile sig_atomic_t running;	/* a run is inside libjq */
	volatile sig_atomic_t ticks;	/* seen by the step going on */
	long rss_kib;			/* at its first tick */
} watch;

static void __attribute__((noreturn))
give_up(const char *why, int status)
{
	char line[128];
	size_t n = 0;
	const char *parts[] = { err_program(), ": ", why, "\n" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		for (const char *p = parts[i]; *p && n < sizeof(line); p++)
			line[n++] = *p;
	if (write(STDERR_FILENO, line, n) < 0)
		_exit(status);
	_exit(status);
}

static void
on_tick(int sig)
{
	struct rusage use;

	(void)sig;
	if (!watch.running) {
		static const struct itimerspec off;
		timer_settime(watch.timer, 0, &off, NULL);
		watch.armed = 0;
		return;
	}
	if (++watch.ticks > FILTER_CPU_SECONDS * TICKS_PER_SECOND)
		give_up("a jq program does not end", ST_TIMEOUT);
	if (getrusage(RUSAGE_SELF, &use) < 0)
		return;
	if (watch.ticks == 1)
		watch.rss_kib = use.ru_maxrss;
	if (use.ru_maxrss - watch.rss_kib > FILTER_GROW_BYTES / 1024)
		give_up("a jq program needs too much memory", ST_SYSTEM);
}

static int
watch_create(struct err *e)
{
	struct sigaction sa = { .sa_handler = on_tick, .sa_flags = SA_RESTART };
	struct sigevent ev = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGVTALRM
	};

	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGVTALRM, &sa, NULL) < 0 ||
	    timer_create(CLOCK_PROCESS_CPUTIME_ID, &ev, &watch.timer) < 0)
		return err_sys(e, ST_SYSTEM, "cannot make a timer");
	watch.armed = 0;
	watch.owner = getpid();
	return 0;
}

static int
watch_begin(struct err *e)
{
	static const struct itimerspec on = {
		.it_interval = { .tv_nsec = 1000000000 / TICKS_PER_SECOND },
		.it_value = { .tv_nsec = 1000000000 / TICKS_PER_SECOND }
	};

	if (watch.owner != getpid() && watch_create(e) < 0)
		return -1;
	watch.ticks = 0;
	watch.running = 1;
	if (!watch.armed) {
		watch.armed = 1;
		if (timer_settime(watch.timer, 0, &on, NULL) < 0)
			return err_sys(e, ST_SYSTEM, "cannot set a timer");
	}
	return 0;
}

static void
watch_end(void)
{
	watch.running = 0;
}

/* Removes the first `what` from a string. */
static void
cut_out(struct buf *b, const char *what, size_t len)
{
	const char *at = strstr(b->data, what);
	size_t start;

	if (!at)
		return;
	start = (size_t)(at - b->data);
	memmove(b->data + start, at + len, b->len - start - len + 1);
	b->len -= len;
}

/*
 * libjq's messages: "jq: error: REASON (Unix shell quoting issues?) at
 * <top-level>, line 1:\nPROGRAM", and at last "jq: 1 compile error".  The
 * first is the one that helps.
 */
static void
on_message(void *arg, jv message)
{
	static const char lead[] = "jq: error: ", where[] = " at <top-level>",
	    hint[] = " (Unix shell quoting issues?)";
	struct buf *out = arg;
	AUTO_JV jv text = jq_format_error(message);
	const char *s = json_string(&text);

	if (!s || out->len > 0)
		return;
	if (strncmp(s, lead, strlen(lead)) == 0)
		s += strlen(lead);
	buf_add(out, s, strcspn(s, "\n"));
	cut_out(out, hint, strlen(hint));
	cut_out(out, where, strlen(where));
	while (out->len > 0 && out->data[out->len - 1] == ':')
		buf_truncate(out, out->len - 1);
}

static void
drop_message(void *arg, jv message)
{
	(void)arg;
	jv_free(message);
}

static bool
is_name(const char *s)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return *s && !strchr("0123456789", *s) && !s[strspn(s, word)];
}

/* `.[1] as {$a, $b} | .[0] |` before the shadows and the program. */
static int
build(const char *program, const char *const *vars, struct buf *out,
    struct err *e)
{
	if (strlen(program) > FILTER_PROGRAM_MAX)
		return err_set(e, ST_CONFIG,
		    "a jq program of more than %d bytes", FILTER_PROGRAM_MAX);
	for (; vars && *vars; vars++) {
		if (!is_name(*vars))
			return err_set(e, ST_CONFIG,
			    "'%s' is no name of a jq variable", *vars);
		buf_addf(out, ".[1].%s as $%s | ", *vars, *vars);
	}
	if (out->len > 0)
		buf_adds(out, ".[0] | ");
	buf_adds(out, shadow);
	buf_adds(out, program);
	return 0;
}

struct filter *
filter_new(const char *program, const char *const *vars, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_BUF struct buf message = BUF_INIT;
	struct filter *f;
	int good;

	if (build(program, vars, &text, e) < 0 || watch_begin(e) < 0)
		return NULL;
	f = xcalloc(1, sizeof(*f));
	f->has_vars = vars && *vars;
	f->jq = jq_init();
	if (!f->jq) {
		watch_end();
		free(f);
		err_set(e, ST_SYSTEM, "cannot start libjq");
		return NULL;
	}
	jq_set_error_cb(f->jq, on_message, &message);
	good = jq_compile(f->jq, text.data);
	watch_end();
	if (!good) {
		err_set(e, ST_CONFIG, "%s",
		    message.len > 0 ? message.data : "no jq program");
		filter_free(f);
		return NULL;
	}
	jq_set_error_cb(f->jq, drop_message, NULL);
	return f;
}

void
filter_free(struct filter *f)
{
	if (!f)
		return;
	jq_teardown(&f->jq);
	free(f);
}

/* [INPUT, VARS], or INPUT when the program has no variables. */
static jv
make_input(const struct filter *f, const jv *input, const jv *vars)
{
	jv in;

	if (!f->has_vars)
		return json_copy(input);
	in = json_array();
	json_append(&in, json_copy(input));
	if (vars && json_is(vars, JSON_OBJECT))
		json_append(&in, json_copy(vars));
	return in;
}

/* `end` is what jq_next() gave instead of a result: the end, or an error. */
static int
check_end(const jv *end, struct err *e)
{
	AUTO_JV jv message = jv_invalid_get_msg(json_copy(end));
	AUTO_FREE char *text = NULL;

	if (json_is(&message, JSON_NULL))
		return 0;
	if (json_is(&message, JSON_STRING))
		text = xstrdup(json_string(&message));
	else
		text = json_text(&message);
	return err_set(e, ST_DATA, "jq: %.*s", 200, text);
}

int
filter_each(struct filter *f, const jv *input, const jv *vars, filter_fn fn,
    void *arg, struct err *e)
{
	int n = 0;

	/* a value that is not there has no business in libjq */
	if (json_is(input, JSON_NOTHING))
		return err_set(e, ST_DATA, "jq: no input");
	if (watch_begin(e) < 0)
		return -1;
	jq_start(f->jq, make_input(f, input, vars), 0);
	for (;;) {
		AUTO_JV jv v = jq_next(f->jq);
		watch_end();
		if (json_is(&v, JSON_NOTHING))
			return check_end(&v, e) < 0 ? -1 : n;
		n++;
		if (fn(&v, arg) != 0)
			return n;
		if (n == FILTER_RESULTS_MAX)
			return err_set(e, ST_DATA, "jq: more than %d results",
			    FILTER_RESULTS_MAX);
		if (watch_begin(e) < 0)
			return -1;
	}
}

static int
keep_first(const jv *result, void *arg)
{
	jv *ret = arg;

	*ret = json_copy(result);
	return 1;
}

int
filter_first(struct filter *f, const jv *input, const jv *vars, jv *ret,
    struct err *e)
{
	jv first = JSON_NONE;
	int n = filter_each(f, input, vars, keep_first, &first, e);

	if (n > 0)
		*ret = first;
	return n;
}

int
filter_test(struct filter *f, const jv *input, const jv *vars, struct err *e)
{
	AUTO_JV jv first = JSON_NONE;
	int n = filter_first(f, input, vars, &first, e);

	return n > 0 ? json_is_true(&first) : n;
}
