/* model-error: what a server means when it says no. */
#include "config.h"

#include "model-error.h"

#include "alloc.h"
#include "answer.h"
#include "clock.h"
#include "num.h"

/* Retry-After beyond this is a limit to report, not to wait for. */
static const double wait_max = 120;

struct rule {
	const char *word;	/* within the code, or the text; lower case */
	enum model_error_kind kind;
};

/* The first that fits counts, codes before texts. */
static const struct rule codes[] = {
	{ "insufficient_quota", MODEL_ERR_QUOTA },
	{ "billing", MODEL_ERR_QUOTA },
	{ "credit", MODEL_ERR_QUOTA },
	{ "rate_limit", MODEL_ERR_RATE },
	{ "resource_exhausted", MODEL_ERR_RATE },
	{ "too_many_requests", MODEL_ERR_RATE },
	{ "context_length", MODEL_ERR_CONTEXT },
	{ "exceed_context_size", MODEL_ERR_CONTEXT },
	{ "request_too_large", MODEL_ERR_CONTEXT },
	{ "content_policy", MODEL_ERR_REFUSED },
	{ "content_filter", MODEL_ERR_REFUSED },
	{ "overloaded", MODEL_ERR_OVERLOADED },
	{ "unavailable", MODEL_ERR_OVERLOADED },
	{ "timeout", MODEL_ERR_TIMEOUT },
	{ "invalid_api_key", MODEL_ERR_AUTH },
	{ "authentication", MODEL_ERR_AUTH },
	{ "permission", MODEL_ERR_AUTH },
	{ "model_not_found", MODEL_ERR_NOT_FOUND },
	{ "not_found", MODEL_ERR_NOT_FOUND },
	{ NULL, MODEL_OK }
};

static const struct rule texts[] = {
	{ "maximum context length", MODEL_ERR_CONTEXT },
	{ "context window", MODEL_ERR_CONTEXT },
	{ "context size", MODEL_ERR_CONTEXT },
	{ "prompt is too long", MODEL_ERR_CONTEXT },
	{ "credit balance", MODEL_ERR_QUOTA },
	{ "exceeded your current quota", MODEL_ERR_QUOTA },
	{ NULL, MODEL_OK }
};

/* The exit status of each kind. */
static const int statuses[] = {
	[MODEL_OK] = ST_OK,
	[MODEL_ERR_CONNECT] = ST_UNAVAILABLE,
	[MODEL_ERR_TIMEOUT] = ST_UNAVAILABLE,
	[MODEL_ERR_RATE] = ST_TEMPFAIL,
	[MODEL_ERR_QUOTA] = ST_BUDGET,
	[MODEL_ERR_BUDGET] = ST_BUDGET,
	[MODEL_ERR_OVERLOADED] = ST_UNAVAILABLE,
	[MODEL_ERR_SERVER] = ST_UNAVAILABLE,
	[MODEL_ERR_AUTH] = ST_DENIED,
	[MODEL_ERR_NOT_FOUND] = ST_NOINPUT,
	[MODEL_ERR_CONTEXT] = ST_DATA,
	[MODEL_ERR_REQUEST] = ST_DATA,
	[MODEL_ERR_REFUSED] = ST_REFUSED,
	[MODEL_ERR_CUT] = ST_PROTOCOL,
	[MODEL_ERR_GARBAGE] = ST_PROTOCOL,
	[MODEL_ERR_OTHER] = ST_NO
};

static enum model_error_kind
match(const struct rule *rules, const char *s)
{
	for (; s && rules->word; rules++)
		if (strcasestr(s, rules->word))
			return rules->kind;
	return MODEL_OK;
}

static enum model_error_kind
by_status(int status)
{
	switch (status) {
	case 401:
	case 403:
		return MODEL_ERR_AUTH;
	case 402:
		return MODEL_ERR_QUOTA;
	case 404:
		return MODEL_ERR_NOT_FOUND;
	case 408:
	case 504:
		return MODEL_ERR_TIMEOUT;
	case 409:
	case 425:
		return MODEL_ERR_SERVER;
	case 413:
		return MODEL_ERR_CONTEXT;
	case 429:
		return MODEL_ERR_RATE;
	case 503:
	case 529:
		return MODEL_ERR_OVERLOADED;
	default:
		if (status >= 300 && status < 500)
			return MODEL_ERR_REQUEST;
		return MODEL_ERR_SERVER;
	}
}

/*
 * The status decides where it is specific; the words tell a quota from a rate
 * limit, and what a 400 or an error inside a stream is about.
 */
static enum model_error_kind
classify(int status, const char *code, const char *message)
{
	/* outside of a response Anthropic's code stands for the status */
	bool wrong = status == 0 && code && strstr(code, "invalid_request");
	enum model_error_kind by = by_status(wrong ? 400 : status), kind;

	if (status == 401 || status == 404)
		return by;
	kind = match(codes, code);
	if (kind == MODEL_OK)
		kind = match(texts, message);
	if (status == 429 && kind != MODEL_ERR_QUOTA)
		return by;
	return kind == MODEL_OK ? by : kind;
}

int
answer_error(struct answer *a, int status, const char *code,
    const char *message, struct err *e)
{
	struct model_error *me = &a->error;

	me->kind = classify(status, code, message);
	me->http_status = status;
	me->partial = a->came;
	if (code) {
		free(me->code);
		me->code = xstrdup(code);
	}
	if (!message || !*message)
		message = code ? code : model_error_name(me->kind);
	if (status > 0)
		return err_set(e, statuses[me->kind], "HTTP %d: %s", status,
		    message);
	return err_set(e, statuses[me->kind], "the server reports: %s",
	    message);
}

/* A code that is a number, which OpenRouter has, is an HTTP status. */
static int
status_of(const jv *error, int status)
{
	int64_t n;

	if (status == 0 && json_int(error, "code", &n) && n >= 400 && n < 600)
		return (int)n;
	return status;
}

static void
read_wait(struct model_error *me, const jv *body)
{
	double s;

	if (me->retry_after < 0 && (json_num(body, "retry_after", &s) ||
	    json_num(body, "retry_after_seconds", &s)) && s >= 0)
		me->retry_after = s;
}

int
model_error_body(struct answer *a, int status, const jv *body, struct err *e)
{
	AUTO_JV jv error = json_get(body, "error");
	const char *code, *message;

	if (json_is(body, JSON_ARRAY)) {	/* Gemini's */
		AUTO_JV jv first = json_at(body, 0);
		return model_error_body(a, status, &first, e);
	}
	answer_request_id(a, json_str(body, "request_id"));
	read_wait(&a->error, body);
	if (json_string(&error))
		return answer_error(a, status, NULL, json_string(&error), e);
	if (!json_is(&error, JSON_OBJECT)) {
		message = json_str(body, "message");
		if (!message)
			message = json_str(body, "detail");
		code = json_str(body, "code");
		return answer_error(a, status, code ? code :
		    json_str(body, "type"), message, e);
	}
	read_wait(&a->error, &error);
	code = json_str(&error, "code");
	if (!code)
		code = json_str(&error, "type");
	if (!code)
		code = json_str(&error, "status");
	message = json_str(&error, "message");
	return answer_error(a, status_of(&error, status), code, message, e);
}

/* By its kind; else by what would be the exit status. */
static enum model_error_kind
kind_of_record(const jv *data)
{
	const char *name = json_str(data, "kind");
	int64_t status = 0;

	for (int k = MODEL_ERR_CONNECT; name && k < MODEL_ERR_OTHER; k++)
		if (strcmp(name, model_error_name((enum model_error_kind)k)) ==
		    0)
			return (enum model_error_kind)k;
	(void)json_int(data, "status", &status);
	/* of the kinds with a status, the last is the most general */
	for (int k = MODEL_ERR_OTHER - 1; k > MODEL_OK; k--)
		if (status != ST_OK && statuses[k] == status)
			return (enum model_error_kind)k;
	return status == ST_TIMEOUT ? MODEL_ERR_TIMEOUT : MODEL_ERR_OTHER;
}

int
model_error_record(struct answer *a, const jv *data, struct err *e)
{
	struct model_error *me = &a->error;
	const char *message = json_str(data, "message");
	int64_t n;

	me->kind = kind_of_record(data);
	me->partial = a->came;
	read_wait(me, data);
	if (json_int(data, "http_status", &n) && n > 0 && n < 1000)
		me->http_status = (int)n;
	if (json_str(data, "reset") && !me->reset)
		me->reset = xstrdup(json_str(data, "reset"));
	if (json_str(data, "code") && !me->code)
		me->code = xstrdup(json_str(data, "code"));
	return err_set(e, statuses[me->kind], "%s", message ? message :
	    model_error_name(me->kind));
}

static void
set_wait(struct model_error *me, double seconds)
{
	char stamp[TIMESTAMP_LEN + 1];

	if (!(seconds >= 0) || seconds > 366 * 86400.0)
		return;
	me->retry_after = seconds;
	timestamp_format(clock_wall() + (int64_t)(seconds * CLOCK_SEC), stamp);
	free(me->reset);
	me->reset = xstrdup(stamp);
}

/* "37", "0.5", or a date, which is compared with the server's own clock. */
static void
read_retry_after(struct model_error *me, const struct http_head *head)
{
	const char *after = http_field(head, "retry-after");
	const char *ms = http_field(head, "retry-after-ms");
	const char *date = http_field(head, "date");
	int64_t at, now;
	double n;

	if (ms && num_parse_double(ms, &n) == 0)
		set_wait(me, n / 1000);
	else if (after && num_parse_double(after, &n) == 0)
		set_wait(me, n);
	else if (after && http_date(after, &at) == 0) {
		if (!date || http_date(date, &now) < 0)
			now = clock_wall();
		set_wait(me, at > now ?
		    (double)(at - now) / (double)CLOCK_SEC : 0);
	}
}

/* "6m0s" (OpenAI) or a time in RFC 3339 (Anthropic). */
static void
read_reset(struct model_error *me, const char *reset)
{
	int64_t ns;

	if (num_parse_duration(reset, &ns) == 0)
		set_wait(me, (double)ns / (double)CLOCK_SEC);
	else if (timestamp_parse(reset, &ns) == 0)
		set_wait(me, (double)(ns - clock_wall()) / (double)CLOCK_SEC);
}

void
model_error_head(struct model_error *me, const struct http_head *head)
{
	read_retry_after(me, head);
	if (me->retry_after >= 0)
		return;
	for (size_t i = 0; i < head->count; i++) {
		const struct http_field *f = &head->fields[i];
		const char *at = strcasestr(f->name, "ratelimit-");
		AUTO_FREE char *name = NULL;
		const char *part;
		double left;
		if (!at || !(part = strcasestr(at, "remaining")) ||
		    num_parse_double(f->value, &left) < 0 || left > 0)
			continue;
		/* x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens;
		 * anthropic-ratelimit-tokens-remaining, ...-reset */
		name = xasprintf("%.*sreset%s", (int)(part - f->name), f->name,
		    part + strlen("remaining"));
		part = http_field(head, name);
		if (part)
			read_reset(me, part);
	}
}

bool
model_error_again(const struct model_error *me)
{
	switch (me->kind) {
	case MODEL_ERR_RATE:
	case MODEL_ERR_OVERLOADED:
		return me->retry_after <= wait_max;
	case MODEL_ERR_CONNECT:
	case MODEL_ERR_TIMEOUT:
	case MODEL_ERR_SERVER:
	case MODEL_ERR_CUT:
		return true;
	default:
		return false;
	}
}

bool
model_error_elsewhere(const struct model_error *me)
{
	switch (me->kind) {
	case MODEL_ERR_QUOTA:
	case MODEL_ERR_BUDGET:
	case MODEL_ERR_CONTEXT:
	case MODEL_ERR_RATE:
	case MODEL_ERR_GARBAGE:
		return true;
	default:
		return model_error_again(me);
	}
}
