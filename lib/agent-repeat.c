/*
 * agent-repeat: a model that goes in circles would do so until the money is
 * gone.
 */
#include "config.h"

#include "agent-impl.h"

#include "alloc.h"
#include "buf.h"

/* FNV-1a: what is compared is made by one process. */
static uint64_t
digest(const struct buf *text)
{
	uint64_t h = 14695981039346656037U;

	for (size_t i = 0; i < text->len; i++)
		h = (h ^ (unsigned char)text->data[i]) * 1099511628211U;
	return h;
}

/* How many rounds of `period` turns the last ones were the same. */
static int
count_rounds(const struct run *r, size_t period)
{
	size_t same = 0;

	while (same + period < r->ncalls &&
	    r->calls[r->ncalls - 1 - same] ==
	    r->calls[r->ncalls - 1 - same - period])
		same++;
	return (int)(same / period) + 1;
}

static void
note_calls(struct run *r, const jv *calls)
{
	enum { MAX = sizeof(r->calls) / sizeof(r->calls[0]) };
	AUTO_BUF struct buf text = BUF_INIT;

	for (size_t i = 0; i < json_count(calls); i++) {
		AUTO_JV jv call = json_at(calls, i);
		AUTO_JV jv function = json_get(&call, "function");
		json_write(&function, &text);
	}
	if (r->ncalls == MAX)
		memmove(r->calls, r->calls + 1, sizeof(r->calls[0]) *
		    --r->ncalls);
	r->calls[r->ncalls++] = digest(&text);
}

void
agent_check_repeats(struct run *r, const jv *calls, struct err *e)
{
	int rounds = 0;

	note_calls(r, calls);
	for (size_t period = 1; period <= AGENT_PERIOD_MAX; period++) {
		int n = count_rounds(r, period);
		rounds = n > rounds ? n : rounds;
	}
	if (r->reason)
		return;
	if (rounds >= AGENT_REPEATS_MAX) {
		agent_end(r, ST_NO, "repeating");
		err_set(e, ST_NO, "the model made the same calls %d times in "
		    "a row", rounds);
	} else if (rounds == AGENT_REPEATS_MAX / 2 && !r->warned) {
		r->warned = true;
		if (agent_tell(r, "You make the same calls over and over. "
		    "Look at what they returned, and do something else, or "
		    "say what you lack.", e) < 0)
			agent_end(r, e->status, "records");
	}
}
