/* words-parse: reads the list of words. */
#include "config.h"

#include "words-impl.h"

#include "alloc.h"

struct words_entry *
words_slot(struct words_entry *table, size_t size, uint64_t key)
{
	size_t i = key & (size - 1);

	for (size_t n = 1; n < size && table[i].key &&
	    table[i].key != key; n++)
		i = (i + 1) & (size - 1);
	return &table[i];
}

/* Twice as large; at first, for a list of `bytes`. */
static void
table_grow(struct words *w, size_t bytes)
{
	size_t size = w->size ? 2 * w->size : 1024;
	struct words_entry *table;

	while (!w->size && size < bytes / 5)
		size *= 2;
	table = xcalloc(size, sizeof(*table));
	for (size_t i = 0; i < w->size; i++)
		if (w->table[i].key)
			*words_slot(table, size, w->table[i].key) = w->table[i];
	free(w->table);
	w->table = table;
	w->size = size;
}

static void
table_add(struct words *w, uint64_t key, size_t group, bool weak)
{
	struct words_entry *e;

	if (2 * w->used >= w->size)
		table_grow(w, 0);
	e = words_slot(w->table, w->size, key);
	if (!e->key) {
		e->key = key;
		w->used++;
	}
	for (size_t i = 0; i < e->n; i++)
		if (e->listed[i] == group)
			return;
	if (e->n == LISTED_MAX)
		return;
	if (weak)
		e->weak |= (uint8_t)(1U << e->n);
	e->listed[e->n++] = (uint16_t)group;
}

int
words_find(const struct words *w, const char *name, size_t len)
{
	for (size_t i = 0; i < w->ngroups; i++)
		if (len < GROUP_NAME &&
		    strncmp(w->groups[i].name, name, len) == 0 &&
		    !w->groups[i].name[len])
			return (int)i;
	return -1;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static size_t
need_group(struct words *w, const char *name, size_t len)
{
	int found = words_find(w, name, len);

	if (found >= 0)
		return (size_t)found;
	GROW(w->groups, w->ngroups, w->groupcap);
	w->groups[w->ngroups] = (struct words_group){ .nparents = 0 };
	snprintf(w->groups[w->ngroups].name, GROUP_NAME, "%.*s", (int)len,
	    name);
	return w->ngroups++;
}

/*
 * "name: parent parent"; "act", "amount" and
 * "trade-root" are marks.
 */
static int
parse_group(struct words *w, const char *s, size_t len, size_t *ret,
    struct err *e)
{
	const char *colon = memchr(s, ':', len);
	size_t n = colon ? (size_t)(colon - s) : len;
	struct words_group *g;

	if (n == len || n == 0)
		return err_set(e, ST_CONFIG, "no ':' after a group's name");
	if (n >= GROUP_NAME)
		return err_set(e, ST_CONFIG, "a long name of a group");
	if (w->ngroups + PARENTS_MAX + 1 >= GROUPS_MAX)
		return err_set(e, ST_CONFIG, "too many groups");
	*ret = need_group(w, s, n);
	for (n++; n < len; ) {
		size_t word, parent;
		while (n < len && is_space(s[n]))
			n++;
		for (word = 0; n + word < len && !is_space(s[n + word]); )
			word++;
		if (word == 0)
			break;
		if (word >= GROUP_NAME)
			return err_set(e, ST_CONFIG, "a long name of a group");
		parent = need_group(w, s + n, word);
		g = &w->groups[*ret];
		if (strcmp(w->groups[parent].name, "act") == 0)
			g->act = true;
		else if (strcmp(w->groups[parent].name, "amount") == 0)
			g->amount = true;
		else if (strcmp(w->groups[parent].name, "trade-root") == 0)
			g->trade = true;
		else if (g->nparents < PARENTS_MAX)
			g->parents[g->nparents++] = (uint16_t)parent;
		n += word;
	}
	return 0;
}

size_t
words_split(const char *s, size_t len, char *buf, size_t size,
    struct fold_word *ret, size_t max)
{
	size_t n = 0;

	while (n < len && s[n] >= 'a' && s[n] <= 'z')
		n++;
	if (n == 0 || n < len || len >= FOLD_WORD_MAX)
		return fold_split(s, len, buf, size, ret, max);
	*ret = (struct fold_word){ .s = s, .len = len };
	return 1;
}

/* One word of the list: "migrat*", "pull_request", "~word". */
static void
add_word(struct words *w, size_t group, const char *s, size_t len)
{
	char folded[128];
	struct fold_word parts[8];
	bool prefix, weak = *s == '~';
	size_t n;

	if (weak)
		s++, len--;
	prefix = len > 1 && s[len - 1] == '*';
	n = words_split(s, prefix ? len - 1 : len, folded, sizeof(folded),
	    parts, 8);
	if (n == 1 && prefix && !parts[0].cjk) {
		table_add(w, fold_hash(PREFIX, parts[0].s, parts[0].len),
		    group, weak);
		if (parts[0].len > w->longest)
			w->longest = parts[0].len;
	} else if (n == 1) {
		table_add(w, fold_stem(WHOLE, parts[0].s, parts[0].len),
		    group, weak);
	} else if (n > 1) {
		uint64_t key = PHRASE;
		for (size_t i = 0; i < n; i++)
			key = fold_join(key, fold_stem(WHOLE, parts[i].s,
			    parts[i].len));
		table_add(w, key, group, weak);
		if (n > w->phrase_max)
			w->phrase_max = n;
	}
}

static int
parse_line(struct words *w, const char *s, size_t len, int *group,
    struct err *e)
{
	size_t g = 0;

	if (len == 0 || *s == '#')
		return 0;
	if (*s != '\t' && *s != ' ') {
		if (parse_group(w, s, len, &g, e) < 0)
			return -1;
		*group = (int)g;
		return 0;
	}
	for (size_t i = 0; i < len; ) {
		size_t start;
		while (i < len && is_space(s[i]))
			i++;
		start = i;
		while (i < len && !is_space(s[i]))
			i++;
		if (i == start)
			break;
		if (*group < 0)
			return err_set(e, ST_CONFIG, "a word of no group");
		add_word(w, (size_t)*group, s + start, i - start);
	}
	return 0;
}

struct words *
words_parse(const char *name, const char *text, size_t len, struct err *e)
{
	struct words *w = xcalloc(1, sizeof(*w));
	int group = -1, line = 0;

	w->phrase_max = 1;
	table_grow(w, len);
	w->stop = need_group(w, "stop", 4);
	w->common = need_group(w, "common", 6);
	w->cache = xcalloc(CACHE_SIZE, sizeof(*w->cache));
	for (size_t at = 0; at < len; ) {
		const char *nl = memchr(text + at, '\n', len - at);
		size_t n = nl ? (size_t)(nl - text) - at : len - at;
		line++;
		if (parse_line(w, text + at, n, &group, e) < 0) {
			err_prefix(e, "%s:%d", name, line);
			words_free(w);
			return NULL;
		}
		at += n + 1;
	}
	return w;
}
