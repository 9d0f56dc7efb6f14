/* key: keys that a command knows. */
#include "config.h"

#include "key.h"

#include "alloc.h"
#include "buf.h"
#include "child.h"
#include "clock.h"

enum { KEY_MAX = 16 << 10 };

int
key_run(const jv *cmd, char **ret, struct err *e)
{
	size_t n = json_string(cmd) ? 3 : json_count(cmd);
	AUTO_FREE const char **argv = xcalloc(n + 1, sizeof(*argv));
	AUTO_BUF struct buf out = BUF_INIT;
	struct child_spec spec = CHILD_SPEC_INIT;
	int status;

	if (json_string(cmd)) {
		argv[0] = "sh";
		argv[1] = "-c";
		argv[2] = json_string(cmd);
	} else {
		for (size_t i = 0; i < n; i++) {
			AUTO_JV jv v = json_at(cmd, i);
			argv[i] = json_string(&v);
		}
	}
	if (!argv[0])
		return err_set(e, ST_CONFIG, "key_cmd is empty");
	spec.argv = argv;
	status = child_run(&spec, NULL, KEY_MAX, deadline_in(60 * CLOCK_SEC),
	    &out, e);
	if (status < 0)
		return err_prefix(e, "key_cmd");
	buf_truncate(&out, strcspn(out.data ? out.data : "", "\r\n"));
	if (status != 0 || out.len == 0) {
		err_set(e, ST_DENIED, status != 0 ?
		    "key_cmd failed with status %d" : "key_cmd gave no key",
		    status);
	} else {
		*ret = xstrdup(out.data);
	}
	if (out.data)
		explicit_bzero(out.data, out.len);
	return *ret ? 0 : -1;
}

void
key_free(char *key)
{
	if (key)
		explicit_bzero(key, strlen(key));
	free(key);
}
