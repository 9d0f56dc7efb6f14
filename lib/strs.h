/*
 * strs: a growing list of strings; what an argument list is built in.
 *
 * `v` ends with NULL once anything was added, so that it can be given to
 * execve(2).  The strings belong to the list.
 */
#ifndef AGENT_STRS_H
#define AGENT_STRS_H

#include <stdbool.h>
#include <stddef.h>

struct strs {
	char **v;
	size_t n, cap;
};

#define STRS_INIT { 0 }

void	strs_release(struct strs *s);	/* it is STRS_INIT again */
void	strs_add(struct strs *s, const char *text);
void	strs_take(struct strs *s, char *text);	/* malloc'd; now the list's */
void	strs_addf(struct strs *s, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
void	strs_cut(struct strs *s, size_t n);	/* to the first n */
bool	strs_has(const struct strs *s, const char *text);

/* Several at once: STRS_ADD(&s, "--bind", src, dest). */
void	strs_add_all(struct strs *s, const char *const *texts);
#define STRS_ADD(s, ...) \
	strs_add_all((s), (const char *const []){ __VA_ARGS__, NULL })

#define AUTO_STRS __attribute__((cleanup(strs_release)))

#endif
