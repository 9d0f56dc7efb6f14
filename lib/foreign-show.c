/* foreign-show: what would be done to start a foreign agent. */
#include "config.h"

#include "foreign-impl.h"

#include "alloc.h"

int
foreign_show(const struct foreign *kind, const struct agent_task *task,
    const jv *agent, const char *dir, jv *ret, struct err *e)
{
	AUTO_STRS struct strs argv = STRS_INIT;
	struct foreign_run f;
	jv words = json_array();
	int r;

	foreign_init(&f, kind, task, agent, dir);
	f.state = json_object();
	f.shown = json_object();
	r = foreign_prepare(&f, e) < 0 || foreign_words(&f, &argv, e) < 0 ?
	    -1 : 0;
	for (size_t i = 0; i < argv.n; i++)
		json_append(&words, json_from_str(argv.v[i]));
	*ret = json_object();
	json_set(ret, "command", words);
	json_set_str(ret, "input", f.prompt);
	json_set(ret, "home", json_copy(&f.shown));
	foreign_release(&f);
	return r;
}
