/* ask-server: the questions that are not for a model. */
#include "config.h"

#include "ask-server.h"

#include "alloc.h"
#include "history.h"

/* What the server offers; anything but an array on failure. */
static jv
offered(const struct model *m, struct deadline until,
    const volatile int *stop, struct err *e)
{
	jv ids = model_list(m, until, stop, e);

	if (!json_is(&ids, JSON_ARRAY))
		err_prefix(e, "%s", m->vendor);
	return ids;
}

int
ask_models(const struct model *m, struct deadline until,
    const volatile int *stop, struct buf *out, struct err *e)
{
	AUTO_JV jv ids = offered(m, until, stop, e);

	if (!json_is(&ids, JSON_ARRAY))
		return -1;
	for (size_t i = 0; i < json_count(&ids); i++) {
		AUTO_JV jv id = json_at(&ids, i);
		buf_addf(out, "%s/%s\n", m->vendor, json_string(&id));
	}
	return 0;
}

int
ask_check(const struct model *m, struct deadline until,
    const volatile int *stop, struct buf *out, struct err *e)
{
	AUTO_JV jv ids = offered(m, until, stop, e);

	if (!json_is(&ids, JSON_ARRAY))
		return -1;
	for (size_t i = 0; i < json_count(&ids); i++) {
		AUTO_JV jv id = json_at(&ids, i);
		if (strcmp(json_string(&id), m->id) != 0)
			continue;
		buf_addf(out, "%s: ok%s%s\n", m->name, m->key_from ?
		    ", key from " : "", m->key_from ? m->key_from : "");
		return 0;
	}
	return err_set(e, ST_NOINPUT, "%s: the server answers, but has no "
	    "such model", m->name);
}

int
ask_history(const char *conversation, char *const *words, size_t n,
    bool json, struct buf *out, struct err *e)
{
	AUTO_BUF struct buf query = BUF_INIT;
	AUTO_FREE char *id = NULL;
	struct history *h = NULL;
	int r = -1;

	for (size_t i = 0; i < n; i++)
		buf_addf(&query, "%s%s", i ? " " : "", words[i]);
	if (history_open(&h, e) < 0)
		return -1;
	if (!conversation)
		r = history_list(h, query.data, json, out, e);
	else if ((id = history_find(h, conversation, e)))
		r = history_show(h, id, json, out, e);
	history_close(h);
	if (r == 0 && out->len == 0)
		return err_set(e, ST_NO, n > 0 ? "nothing found" :
		    "the history is empty");
	return r;
}
