/* record: one line of JSON; everything that moves between commands is one. */
#include "config.h"

#include "record.h"

#include "alloc.h"
#include "clock.h"
#include "env.h"
#include "fd.h"

/* The order in which people expect to read them. */
static const char *const order[] = {
	"specversion", "id", "source", "type", "time", "run", "task", "flow",
	"to", "replyto", "corr", "traceparent"
};

enum { ORDER_LEN = sizeof(order) / sizeof(*order) };

jv
record_new(const struct record_origin *origin, const char *type, jv data)
{
	jv r = json_object();
	char id[ULID_LEN + 1], now[TIMESTAMP_LEN + 1];

	ulid_make(id);
	timestamp_format(clock_wall(), now);
	json_set_str(&r, "specversion", "1.0");
	json_set_str(&r, "id", id);
	json_set_str(&r, "source", origin->source);
	json_set_str(&r, "type", type);
	json_set_str(&r, "time", now);
	json_set_str(&r, "run", origin->run);
	json_set_str(&r, "task", origin->task);
	json_set_str(&r, "flow", origin->flow);
	json_set_str(&r, "to", origin->to);
	json_set_str(&r, "replyto", origin->replyto);
	json_set_str(&r, "corr", origin->corr);
	json_set_str(&r, "traceparent", origin->traceparent);
	json_set(&r, "data", data);
	return r;
}

static void
write_member(const char *key, size_t len, const jv *value, struct buf *out)
{
	if (out->data[out->len - 1] != '{')
		buf_addc(out, ',');
	json_quote(key, len, out);
	buf_addc(out, ':');
	json_write(value, out);
}

static bool
in_order(const char *key, size_t len)
{
	if (strlen(key) != len)
		return false;
	for (size_t i = 0; i < ORDER_LEN; i++)
		if (strcmp(order[i], key) == 0)
			return true;
	return strcmp(key, "data") == 0;
}

void
record_write(const jv *record, struct buf *out)
{
	AUTO_JV jv data = json_get(record, "data");

	buf_addc(out, '{');
	for (size_t i = 0; i < ORDER_LEN; i++) {
		AUTO_JV jv v = json_get(record, order[i]);
		if (!json_is(&v, JSON_NOTHING))
			write_member(order[i], strlen(order[i]), &v, out);
	}
	JSON_EACH(record, i) {
		const char *key = json_iter_key(record, i);
		AUTO_JV jv v = json_iter_value(record, i);
		size_t len = json_iter_key_len(record, i);
		if (!in_order(key, len))
			write_member(key, len, &v, out);
	}
	if (!json_is(&data, JSON_NOTHING))
		write_member("data", 4, &data, out);
	buf_addc(out, '}');
}

int
record_emit(int fd, const jv *record, struct err *e)
{
	AUTO_BUF struct buf line = BUF_INIT;

	record_write(record, &line);
	buf_addc(&line, '\n');
	return fd_write(fd, line.data, line.len, e);
}

static int
check_string(const jv *v, const char *key, struct err *e)
{
	const char *s = json_str(v, key);

	if (!s)
		return err_set(e, ST_DATA, "not a record: no \"%s\"", key);
	if (!*s)
		return err_set(e, ST_DATA, "not a record: empty \"%s\"", key);
	return 0;
}

int
record_check(const jv *v, struct err *e)
{
	static const char *const needed[] = { "id", "source", "type" };
	const char *version = json_str(v, "specversion");
	int64_t at;

	if (!version || strcmp(version, "1.0") != 0)
		return err_set(e, ST_DATA,
		    "not a record: \"specversion\" is not \"1.0\"");
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (check_string(v, needed[i], e) < 0)
			return -1;
	if (json_has(v, "time") && (!json_str(v, "time") ||
	    timestamp_parse(json_str(v, "time"), &at) < 0))
		return err_set(e, ST_DATA,
		    "not a record: \"time\" is not RFC 3339");
	return 0;
}

jv
record_error_data(const struct err *e)
{
	jv data = json_object();

	json_set_str(&data, "kind", err_kind(e->status));
	json_set_int(&data, "status", e->status);
	json_set_str(&data, "message", e->text);
	return data;
}

/* "00-" 32 hex "-" 16 hex "-" 2 hex, lower case. */
const char *
record_traceparent(void)
{
	static const char hex[] = "0123456789abcdef";
	const char *t = env_get("TRACEPARENT");

	if (!t || strlen(t) != 55 || strncmp(t, "00-", 3) != 0)
		return NULL;
	if (strspn(t + 3, hex) != 32 || t[35] != '-' ||
	    strspn(t + 36, hex) != 16 || t[52] != '-' ||
	    strspn(t + 53, hex) != 2)
		return NULL;
	/* all zeros is no trace, no span */
	if (strspn(t + 3, "0") == 32 || strspn(t + 36, "0") == 16)
		return NULL;
	return t;
}
