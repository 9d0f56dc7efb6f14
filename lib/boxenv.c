/* boxenv: the environment inside a sandbox. */
#include "config.h"

#include "boxenv.h"

#include <pwd.h>

#include "alloc.h"
#include "env.h"
#include "num.h"
#include "path.h"

static const char *const passed[] = {
	"CI", "COLORTERM", "COLUMNS", "LANG", "LANGUAGE", "LC_ALL",
	"LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC",
	"LC_TIME", "LINES", "LOGNAME", "NO_COLOR", "SHELL", "SOURCE_DATE_EPOCH",
	"TERM", "TRACEPARENT", "TZ", "USER"
};

static const char default_path[] =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

void
boxenv_set(struct strs *env, const char *name, const char *value)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->v[i], name, n) == 0 && env->v[i][n] == '=') {
			free(env->v[i]);
			env->v[i] = xasprintf("%s=%s", name, value);
			return;
		}
	}
	strs_addf(env, "%s=%s", name, value);
}

int
boxenv_depth(void)
{
	const char *v = env_get("AGENT_SANDBOX");
	int64_t depth;

	return v && num_parse_int(v, 0, 64, &depth) == 0 ? (int)depth : 0;
}

char *
boxenv_home(void)
{
	const char *home = env_get("HOME");
	const struct passwd *pw;

	if (!home && (pw = getpwuid(getuid())))
		home = pw->pw_dir;
	/* service users have "/" or what does not exist */
	if (!home || home[0] != '/' || !path_is_dir(home))
		return xstrdup("/home/agent");
	AUTO_FREE char *real = realpath(home, NULL);
	if (!real || strcmp(real, "/") == 0)
		return xstrdup("/home/agent");
	return STEAL(real);
}

/* Only absolute directories: "." and "" would look in the workspace. */
static void
set_path(struct strs *env)
{
	const char *p = env_get("PATH");
	AUTO_BUF struct buf out = BUF_INIT;

	for (p = p ? p : default_path; *p; ) {
		size_t n = strcspn(p, ":");
		if (p[0] == '/')
			buf_addf(&out, "%s%.*s", out.len ? ":" : "", (int)n,
			    p);
		p += n + (p[n] == ':');
	}
	boxenv_set(env, "PATH", out.len ? out.data : default_path);
}

void
boxenv_make(struct strs *out, const struct rules *rules, const char *home)
{
	AUTO_FREE char *depth = xasprintf("%d", boxenv_depth() + 1);

	if (rules->inherit_env) {
		for (const char *const *p = env_all(); *p; p++)
			strs_add(out, *p);
	}
	for (size_t i = 0; i < sizeof(passed) / sizeof(*passed); i++)
		if (env_get(passed[i]))
			boxenv_set(out, passed[i], env_get(passed[i]));
	set_path(out);
	boxenv_set(out, "HOME", home);
	boxenv_set(out, "TMPDIR", "/tmp");
	boxenv_set(out, "AGENT_SANDBOX", depth);
	for (size_t i = 0; i < rules->env.n; i++) {
		const char *rule = rules->env.v[i];
		const char *eq = strchr(rule, '=');
		if (eq) {
			AUTO_FREE char *name = xstrndup(rule,
			    (size_t)(eq - rule));
			boxenv_set(out, name, eq + 1);
		} else if (env_get(rule)) {
			boxenv_set(out, rule, env_get(rule));
		}
	}
}
