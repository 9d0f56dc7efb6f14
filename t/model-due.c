/* model-due: what is to be done when: a heap. */
#include "config.h"

#include "model-due.h"

#include "alloc.h"

static struct due **heap;
static size_t count, cap;

static void
put(size_t i, struct due *d)
{
	heap[i] = d;
	d->place = i + 1;
}

static void
up(size_t i)
{
	struct due *d = heap[i];

	for (; i > 0 && heap[(i - 1) / 2]->at > d->at; i = (i - 1) / 2)
		put(i, heap[(i - 1) / 2]);
	put(i, d);
}

static void
down(size_t i)
{
	struct due *d = heap[i];

	for (;;) {
		size_t k = 2 * i + 1;
		if (k >= count)
			break;
		if (k + 1 < count && heap[k + 1]->at < heap[k]->at)
			k++;
		if (heap[k]->at >= d->at)
			break;
		put(i, heap[k]);
		i = k;
	}
	put(i, d);
}

static void
take_out(struct due *d)
{
	size_t i = d->place - 1;
	struct due *last;

	if (d->place == 0)
		return;
	d->place = 0;
	last = heap[--count];
	if (last == d)
		return;
	put(i, last);
	up(i);
	down(last->place - 1);
}

void
due_set(struct due *d, int64_t at)
{
	take_out(d);
	d->at = at;
	if (at == INT64_MAX)
		return;
	GROW(heap, count, cap);
	put(count++, d);
	up(count - 1);
}

struct due *
due_first(void)
{
	return count > 0 ? heap[0] : NULL;
}
