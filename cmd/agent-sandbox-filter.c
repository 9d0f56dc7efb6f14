/*
 * agent-sandbox-filter: makes a system call filter of a profile.
 *
 *	agent-sandbox-filter FILE >PROGRAM
 *
 * For agent-sandbox --seccomp FILE: lib/boxfilter.h.  The profile has the form
 * of the OCI runtime specification; the program is an array of struct
 * sock_filter.  Nothing is left out in silence: what is not understood is an
 * error, 78.
 */
#include "config.h"

#include <linux/seccomp.h>
#include <unistd.h>

#include "alloc.h"
#include "filter-rule.h"
#include "json.h"
#include "path.h"

enum { PROFILE_MAX = 4 << 20 };

static bool
names_arch(const jv *list, const char *const names[2])
{
	return json_has_string(list, names[0]);
}

/* What the profile is for: us, and the 32-bit calls if they are named. */
static int
read_archs(const jv *profile, bool *ret_32, struct err *e)
{
	AUTO_JV jv plain = json_get(profile, "architectures");
	AUTO_JV jv map = json_get(profile, "archMap");
	bool ours = names_arch(&plain, filter_arch);

	*ret_32 = names_arch(&plain, filter_arch_32);
	for (size_t i = 0; i < json_count(&map); i++) {
		AUTO_JV jv one = json_at(&map, i);
		const char *name = json_str(&one, "architecture");
		AUTO_JV jv below = json_get(&one, "subArchitectures");

		if (!name || strcmp(name, filter_arch[0]) != 0)
			continue;
		ours = true;
		*ret_32 = *ret_32 || names_arch(&below, filter_arch_32);
	}
	if (json_count(&plain) == 0 && json_count(&map) == 0)
		return *ret_32 = true, 0;
	return ours ? 0 : err_set(e, ST_CONFIG, "'architectures' has not "
	    "that of this machine");
}

static int
read_profile(const jv *v, struct filter **ret, struct err *e)
{
	static const char *const keys[] = {
		"archMap", "architectures", "comment", "defaultAction",
		"defaultErrno", "defaultErrnoRet", "flags", "syscalls", NULL
	};
	uint32_t action;
	bool also_32;

	if (filter_keys(v, keys, e) < 0 ||
	    filter_action(v, "defaultAction", "defaultErrnoRet",
	    "defaultErrno", &action, e) < 0 ||
	    read_archs(v, &also_32, e) < 0)
		return -1;
	AUTO_JV jv rules = json_get(v, "syscalls");
	if (!json_is(&rules, JSON_ARRAY) && !json_is(&rules, JSON_NOTHING))
		return err_set(e, ST_CONFIG, "'syscalls' is no list");
	*ret = filter_new(action);
	if (!*ret)
		return err_set(e, ST_CONFIG, "libseccomp does not take it");
	if (also_32)
		filter_add_32(*ret);
	for (size_t i = 0; i < json_count(&rules); i++) {
		AUTO_JV jv rule = json_at(&rules, i);
		if (filter_rule(*ret, action, &rule, e) < 0)
			return err_prefix(e, "syscalls[%zu]", i);
	}
	return 0;
}

static int
make(const char *file, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_JV jv v = JSON_NONE;
	struct filter *f = NULL;
	int r;

	if (path_read(file, PROFILE_MAX, &text, e) < 0)
		return -1;
	r = json_parse(text.data, text.len, &v, e);
	if (r == 0)
		r = read_profile(&v, &f, e);
	if (r < 0)
		r = err_prefix(e, "'%s'", file);
	else if (filter_write(f, STDOUT_FILENO) < 0)
		r = err_sys(e, ST_IO, "cannot write the filter");
	filter_free(f);
	return r;
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;

	err_set_program("agent-sandbox-filter");
	if (argc != 2 || isatty(STDOUT_FILENO))
		err_set(&e, ST_USAGE,
		    "usage: agent-sandbox-filter FILE >PROGRAM");
	else if (make(argv[1], &e) == 0)
		return 0;
	return err_report(&e);
}
