/* model-list: which models a server has. */
#include "config.h"

#include "alloc.h"
#include "answer.h"
#include "key.h"
#include "model-call.h"
#include "model-error.h"

enum { LIST_MAX = 16 << 20 };

static jv
read_list(const struct provider *p, const struct buf *body, struct err *e)
{
	AUTO_JV jv v = JSON_NONE, all = JSON_NONE;
	jv ids;

	if (json_parse(body->data ? body->data : "", body->len, &v, e) < 0)
		return JSON_NONE;
	all = json_get(&v, p->models_array);
	if (!json_is(&all, JSON_ARRAY)) {
		err_set(e, ST_PROTOCOL, "the answer is no list of models");
		return JSON_NONE;
	}
	ids = json_array();
	for (size_t i = 0; i < json_count(&all); i++) {
		AUTO_JV jv one = json_at(&all, i);
		const char *id = json_str(&one, p->models_id);
		if (id)
			json_append(&ids, json_from_str(id));
	}
	return ids;
}

/* What a status other than 200 says. */
static void
refused(const struct model *m, int status, const struct buf *body,
    struct err *e)
{
	struct model_request rq = { 0 };
	struct answer a;
	AUTO_JV jv v = JSON_NONE;
	struct err ignored = ERR_INIT;

	answer_init(&a, &rq, m->provider->release, 0);
	(void)json_parse(body->data ? body->data : "", body->len, &v,
	    &ignored);
	(void)model_error_body(&a, status, &v, e);
	answer_release(&a);
}

jv
model_list(const struct model *m, struct deadline until,
    const volatile int *stop, struct err *e)
{
	const struct provider *p = m->provider;
	AUTO_JV jv fields = JSON_NONE;
	AUTO_FREE const char **list = NULL;
	AUTO_FREE char *url = NULL;
	char *key = NULL;
	AUTO_BUF struct buf body = BUF_INIT;
	struct http *h;
	jv ids = JSON_NONE;
	int status;

	if (!p->models_path || strncmp(m->base, "http", 4) != 0) {
		err_set(e, ST_CONFIG, "'%s' has no list of models", m->base);
		return ids;
	}
	if (model_key(m, &key, e) < 0)
		return ids;
	fields = call_fields(m, key);
	key_free(key);
	list = xcalloc(json_count(&fields) + 1, sizeof(*list));
	for (size_t i = 0; i < json_count(&fields); i++) {
		AUTO_JV jv field = json_at(&fields, i);
		list[i] = json_string(&field);	/* lives in fields */
	}
	url = xasprintf("%s%s", m->base, p->models_path);
	h = http_new(1, e);
	if (!h)
		return ids;
	struct http_request rq = { .url = url, .headers = list,
	    .unix_socket = m->unix_socket, .timers = m->timers,
	    .until = until };
	status = http_fetch(h, &rq, LIST_MAX, stop, &body, NULL, e);
	http_free(h);
	if (status == 200)
		return read_list(p, &body, e);
	if (status >= 0)
		refused(m, status, &body, e);
	return ids;
}
