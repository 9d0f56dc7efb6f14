/* subagent: the tool with which an agent has another one do something. */
#include "config.h"

#include "subagent.h"

#include <sys/stat.h>

#include "alloc.h"
#include "env.h"
#include "num.h"
#include "path.h"
#include "record.h"

enum { LINE_MAX_BYTES = 8 << 20, MARGIN_SECONDS = 5, DEPTH_MAX = 1000 };

int64_t
subagents_enter(int64_t was)
{
	const char *text = env_get("AGENT_DEPTH");
	int64_t now = 0;

	if (text && num_parse_int(text, 0, DEPTH_MAX, &now) < 0)
		now = DEPTH_MAX;	/* whatever it is: no further */
	if (now < was)
		now = was;
	AUTO_FREE char *next = xasprintf("%lld", (long long)now + 1);
	setenv("AGENT_DEPTH", next, 1);
	return now;
}

static bool
may_spawn(const struct subagents *s, const char *id)
{
	AUTO_JV jv agent = s->agents->name ? agents_get(s->agents, id) :
	    JSON_NONE;

	return strcmp(id, s->self) == 0 || (json_is(&agent, JSON_OBJECT) &&
	    agents_may_send(s->agents, s->self, id));
}

/* "coder (Mends tests), reviewer": whom it may spawn. */
static void
add_names(const struct subagents *s, struct buf *out)
{
	size_t before = out->len;

	for (size_t i = 0; i < json_count(&s->agents->list); i++) {
		AUTO_JV jv a = json_at(&s->agents->list, i);
		const char *id = json_str(&a, "id");
		const char *words = json_str(&a, "description");

		if (may_spawn(s, id))
			buf_addf(out, "%s%s%s%s%s", out->len > before ? ", " :
			    "", id, words ? " (" : "", words ? words : "",
			    words ? ")" : "");
	}
	if (out->len == before)
		buf_adds(out, s->self);
}

void
subagents_declare(const struct subagents *s, jv *tools)
{
	jv list = json_array();

	for (size_t i = 0; i < json_count(tools); i++) {
		jv one = json_at(tools, i);
		const char *name = json_path_str(&one, "function.name");
		AUTO_BUF struct buf words = BUF_INIT;
		jv function;

		if (!name || strcmp(name, "spawn") != 0) {
			json_append(&list, one);
			continue;
		}
		function = json_get(&one, "function");
		buf_addf(&words, "%s Agents: ",
		    json_str(&function, "description"));
		add_names(s, &words);
		json_set_str(&function, "description", words.data);
		json_set(&one, "function", function);
		json_append(&list, s->too_deep ? JSON_NONE : json_copy(&one));
		jv_free(one);
	}
	jv_free(*tools);
	*tools = list;
}

static const char *
wanted(const struct subagents *s, const jv *arguments)
{
	const char *id = json_str(arguments, "agent");

	return id && *id ? id : s->self;
}

int
subagent_check(const struct subagents *s, const jv *arguments, struct err *e)
{
	AUTO_BUF struct buf names = BUF_INIT;

	if (!s || s->too_deep)
		return err_set(e, ST_NO, "you are a sub-agent yourself, and "
		    "may not spawn another: do it, or say what is left to do");
	if (may_spawn(s, wanted(s, arguments)))
		return 0;
	add_names(s, &names);
	return err_set(e, ST_NO, "you may not spawn '%s', but %s",
	    wanted(s, arguments), names.data);
}

jv
subagent_terms_json(const struct subagent_terms *t)
{
	jv data = json_object();

	json_set_str(&data, "run", t->run);
	if (t->tokens > 0)
		json_set_int(&data, "tokens", t->tokens);
	if (t->cost > 0)
		json_set_num(&data, "cost", t->cost);
	return data;
}

void
subagent_terms_read(const jv *data, struct subagent_terms *ret)
{
	const char *run = json_str(data, "run");

	if (!run || !ulid_valid(run))
		return;
	memcpy(ret->run, run, sizeof(ret->run));
	(void)json_int(data, "tokens", &ret->tokens);
	(void)json_num(data, "cost", &ret->cost);
}

static void
add_limits(const struct subagents *s, const struct subagent_terms *terms,
    struct strs *w)
{
	int64_t left = deadline_left(s->until);

	if (terms->tokens > 0) {
		strs_add(w, "--max-tokens");
		strs_addf(w, "%lld", (long long)terms->tokens);
	}
	if (terms->cost > 0) {
		strs_add(w, "--max-cost");
		strs_addf(w, "%.6f", terms->cost);
	}
	/* it shall end before we do, and tell us */
	if (left > 2 * MARGIN_SECONDS * CLOCK_SEC)
		left -= MARGIN_SECONDS * CLOCK_SEC;
	strs_add(w, "--timeout");
	strs_addf(w, "%lldms", (long long)(left / CLOCK_MS) + 1);
}

int
subagent_words(const struct subagents *s, const jv *arguments,
    const char *key, const struct subagent_terms *terms, struct strs *w,
    struct err *e)
{
	char *self = path_program("agent-spawn", e);

	if (!self)
		return -1;
	strs_take(w, self);
	STRS_ADD(w, "-C", s->dir, "--format", "ndjson", "--task", key);
	STRS_ADD(w, "--run", terms->run);
	if (s->agents->name)
		STRS_ADD(w, "-a", wanted(s, arguments));
	if (s->file)
		STRS_ADD(w, "--agents", s->file);
	if (s->mode)
		STRS_ADD(w, "--permission-mode", s->mode);
	if (s->no_checkpoints)
		strs_add(w, "--no-checkpoints");
	if (s->park)
		strs_add(w, "--park");
	add_limits(s, terms, w);
	strs_add(w, "-");
	return 0;
}

/* The last line of a file that is a result or an error: its data. */
static jv
last_word(const char *text, size_t len)
{
	while (len > 0) {
		const char *nl = memrchr(text, '\n', len - 1);
		size_t from = nl ? (size_t)(nl + 1 - text) : 0;
		AUTO_JV jv record = JSON_NONE;
		struct err ignored;
		const char *type;

		if (json_parse(text + from, len - from, &record,
		    &ignored) == 0 && (type = json_str(&record, "type")) &&
		    (strcmp(type, RECORD_RESULT) == 0 ||
		    strcmp(type, RECORD_ERROR) == 0))
			return json_get(&record, "data");
		len = from;
	}
	return JSON_NONE;
}

bool
subagent_result(int fd, struct buf *text, jv *ret_usage)
{
	AUTO_BUF struct buf end = BUF_INIT;
	AUTO_JV jv data = JSON_NONE;
	const char *words, *message;
	struct stat st;
	off_t from;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return false;
	from = st.st_size > LINE_MAX_BYTES ? st.st_size - LINE_MAX_BYTES : 0;
	buf_reserve(&end, (size_t)(st.st_size - from));
	n = pread(fd, end.data, (size_t)(st.st_size - from), from);
	data = n > 0 ? last_word(end.data, (size_t)n) : JSON_NONE;
	words = json_str(&data, "text");
	message = json_str(&data, "message");
	if (words && *words)
		buf_addf(text, "%s%s", words, message ? "\n\n" : "");
	if (message)
		buf_addf(text, "error: %s", message);
	else if (!words)
		buf_adds(text, "error: it ended without a word");
	jv_free(*ret_usage);
	*ret_usage = json_get(&data, "usage");
	return json_is(&data, JSON_OBJECT);
}
