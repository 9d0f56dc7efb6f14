/* route-write: a decision as the member of a record, and in words. */
#include "config.h"

#include "alloc.h"
#include "buf.h"
#include "route.h"

static void
add_string(struct buf *out, const char *key, const char *s)
{
	if (!s)
		return;
	buf_addf(out, ",\"%s\":", key);
	json_quote(s, strlen(s), out);
}

static void
add_alternatives(const struct route *r, const struct route_choice *c,
    size_t top, struct buf *out)
{
	size_t given = 0;

	buf_adds(out, ",\"alternatives\":[");
	for (size_t i = 0; i < c->nranking && given < top; i++) {
		const char *id = route_agent_id(r, c->ranking[i].agent);
		if ((c->agent && strcmp(id, c->agent) == 0) ||
		    c->ranking[i].score <= 0)
			continue;
		buf_addf(out, "%s{\"agent\":", given++ ? "," : "");
		json_quote(id, strlen(id), out);
		buf_addf(out, ",\"score\":%.3f}", c->ranking[i].score);
	}
	buf_addc(out, ']');
}

static void
add_chain(const struct route_choice *c, struct buf *out)
{
	if (c->nchain == 0)
		return;
	buf_adds(out, ",\"fallback\":[");
	for (size_t i = 0; i < c->nchain; i++) {
		const struct route_step *s = &c->chain[i];
		buf_addf(out, "%s{\"agent\":", i ? "," : "");
		json_quote(s->agent, strlen(s->agent), out);
		add_string(out, "model", s->model);
		buf_adds(out, ",\"on\":[");
		for (const char *w = s->on; *w; ) {
			size_t n = strcspn(w, " ");
			buf_addf(out, "%s\"%.*s\"", w == s->on ? "" : ",",
			    (int)n, w);
			w += n + (w[n] == ' ');
		}
		buf_adds(out, "]}");
	}
	buf_addc(out, ']');
}

void
route_write(const struct route *r, const struct route_choice *c,
    struct buf *out)
{
	buf_adds(out, "{\"agent\":");
	if (c->agent)
		json_quote(c->agent, strlen(c->agent), out);
	else
		buf_adds(out, "null");
	add_string(out, "class", route_class_name(c->c));
	add_string(out, "model", c->model);
	buf_addf(out, ",\"score\":%.3f,\"confidence\":%.3f", c->score,
	    c->confidence);
	add_alternatives(r, c, route_top(r), out);
	add_chain(c, out);
	buf_addf(out, ",\"estimate\":{\"tokens\":%ld,\"minutes\":%.0f}",
	    c->tokens, c->minutes);
	add_string(out, "pool", c->pool);
	add_string(out, "priority", c->priority);
	if (c->gate)
		buf_adds(out, ",\"gate\":true");
	if (c->local_only)
		buf_adds(out, ",\"local_only\":true");
	if (c->explored)
		buf_adds(out, ",\"explored\":true");
	buf_adds(out, ",\"why\":[");
	for (size_t i = 0; i < c->nreasons; i++) {
		if (i)
			buf_addc(out, ',');
		json_quote(c->reasons[i], strlen(c->reasons[i]), out);
	}
	buf_adds(out, "]}");
}

void
route_explain(const struct route *r, const struct route_choice *c,
    struct buf *out)
{
	buf_addf(out, "%s, %s%s%s, about %.0f min, confidence %.0f %%\n",
	    c->agent ? c->agent : "nobody", route_class_name(c->c),
	    c->model ? ", on " : "", c->model ? c->model : "", c->minutes,
	    100 * c->confidence);
	for (size_t i = 0; i < c->nreasons; i++)
		buf_addf(out, "  because  %s\n", c->reasons[i]);
	for (size_t i = 0, n = 0; i < c->nranking && n < route_top(r); i++) {
		const char *id = route_agent_id(r, c->ranking[i].agent);
		if (c->agent && strcmp(id, c->agent) == 0)
			continue;
		buf_addf(out, "  else     %s, score %.1f against %.1f\n", id,
		    c->ranking[i].score, c->score);
		n++;
	}
	for (size_t i = 0; i < c->nchain; i++)
		buf_addf(out, "  then     %s on %s, after: %s\n",
		    c->chain[i].agent, c->chain[i].model, c->chain[i].on);
	if (c->gate)
		buf_adds(out, "  a person is to be asked\n");
}
