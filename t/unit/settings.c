/* workspace and settings: what is found, what is refused, what wins. */
#include "config.h"

#include "settings.h"

#include <sys/stat.h>

#include "alloc.h"
#include "path.h"
#include "tap.h"
#include "yaml.h"

static char dir[] = "/tmp/agent-settings.XXXXXX";

static void
put(const char *name, const char *text)
{
	AUTO_FREE char *path = path_join(dir, name);
	struct err e = ERR_INIT;

	if (path_write_atomic(path, text, strlen(text), 0600, &e) < 0)
		diag("%s", e.text);
}

static void
test_workspace(void)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_FREE char *deep = path_join(dir, "ws/a/b");
	AUTO_FREE char *root = path_join(dir, "ws");
	AUTO_FREE char *agent = path_join(dir, "ws/.agent");
	AUTO_FREE char *ignore = path_join(dir, "ws/.agent/.gitignore");
	AUTO_FREE char *run = NULL;
	AUTO_FREE char *want = path_join(dir, "ws/.agent/runs/r1");
	struct err e = ERR_INIT;

	path_mkdirs(deep, 0700, &e);
	is_int(workspace_find(deep, &w, &e), 0, "none");
	is_int(workspace_make(root, &w, &e), 0, "made");
	ok(path_exists(ignore), "git ignores it");
	workspace_release(&w);
	is_int(workspace_find(deep, &w, &e), 1, "found from below");
	is_str(w.root, root, "its root");
	is_str(w.dir, agent, "its directory");
	run = workspace_make_run(&w, "r1", &e);
	is_str(run, want, "a run has a directory");
	ok(!workspace_make_run(&w, "../x", &e), "of no strange name");
	ok(!workspace_make_run(&w, "", &e), "or none");
	workspace_release(&w);
	chmod(agent, 0777);
	is_int(workspace_find(deep, &w, &e), -1, "writable by everybody");
	is_int(e.status, ST_DENIED, "is refused");
	setenv("AGENT_DIR", agent, 1);
	is_int(workspace_find(NULL, &w, &e), 1, "but can be named");
	is_str(w.root, root, "and knows its root");
	workspace_release(&w);
	is_int(workspace_find(deep, &w, &e), -1, "-C wins over the name");
	unsetenv("AGENT_DIR");
	chmod(agent, 0700);
	if (geteuid() != 0)
		return;
	ok(chown(agent, 12345, 12345) == 0, "another owner");
	is_int(workspace_find(deep, &w, &e), -1, "is refused");
	setenv("SUDO_UID", "12345", 1);
	is_int(workspace_find(deep, &w, &e), 1, "unless sudo says who");
	unsetenv("SUDO_UID");
	ok(chown(agent, 0, 0) == 0, "back");
}

static void
loads(const char *user, const char *workspace, const char *want)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_SETTINGS struct settings s = SETTINGS_INIT;
	AUTO_FREE char *root = path_join(dir, "ws");
	AUTO_FREE char *got = NULL;
	AUTO_FREE char *prefix = xasprintf("%s/", dir);
	struct err e = ERR_INIT;

	put("agent/config.yaml", user);
	put("ws/.agent/config.yaml", workspace);
	if (workspace_find(root, &w, &e) < 0)
		diag("%s", e.text);
	if (settings_load(&w, &s, &e) == 0)
		got = json_text(&s.all);
	else
		got = xstrdup(e.text + (strncmp(e.text, prefix,
		    strlen(prefix)) == 0 ? strlen(prefix) : 0));
	is_str(got, want, want);
}

static void
test_settings(void)
{
	AUTO_SETTINGS struct settings s = SETTINGS_INIT;
	AUTO_FREE char *config = path_join(dir, "agent");
	struct err e = ERR_INIT;

	setenv("XDG_CONFIG_HOME", dir, 1);
	is_int(settings_load(NULL, &s, &e), 0, "no file at all");
	ok(json_is(&s.all, JSON_OBJECT) && json_count(&s.all) == 0,
	    "is an empty configuration");
	path_mkdirs(config, 0700, &e);
	loads("", "# nothing\n", "{}");
	loads("model: a/b\naliases: {x: a/b, y: [c/d]}\n",
	    "model: c/d\naliases: {x: e/f}\n",
	    "{\"aliases\":{\"x\":\"e/f\",\"y\":[\"c/d\"]},"
	    "\"model\":\"c/d\"}");
	loads("modle: x\n", "", "agent/config.yaml:1:1: unknown key 'modle', "
	    "did you mean 'model'?");
	loads("", "model: 3\n", "ws/.agent/config.yaml:1:8: 'model' must be "
	    "a string or a list, not a number");
	loads("providers:\n  mine:\n    base_url: http://x\n"
	    "    protocol: chatt\n", "", "agent/config.yaml:4:15: 'protocol' "
	    "must be 'chat', 'messages', 'ollama', 'records' or "
	    "'responses', "
	    "not 'chatt', did you mean 'chat'?");
	loads("", "model: x\nproviders: {}\n", "ws/.agent/config.yaml:2:1: "
	    "'providers' belongs into the user's configuration: a workspace "
	    "must not say where your keys go");
}

/* Whatever is said in providers.yaml, a user may say too. */
static void
test_providers(void)
{
	AUTO_YAML struct yaml_doc doc = YAML_DOC_INIT;
	AUTO_FREE char *text = NULL;
	AUTO_JV jv all = json_object();
	AUTO_JV jv config = json_object();
	AUTO_SETTINGS struct settings s = SETTINGS_INIT;
	struct err e = ERR_INIT;

	/* tests run in the source directory */
	if (!ok(yaml_read("templates/providers.yaml", &doc, &e) == 0,
	    "providers.yaml"))
		diag("%s", e.text);
	for (size_t i = 0; i < json_count(&doc.value); i++) {
		AUTO_JV jv p = json_at(&doc.value, i);
		AUTO_JV jv copy = json_copy(&p);
		json_unset(&copy, "name");
		json_set(&all, json_str(&p, "name"), json_copy(&copy));
	}
	ok(json_count(&all) > 5, "has some");
	json_set(&config, "providers", json_copy(&all));
	text = json_text(&config);
	put("agent/config.yaml", text);
	if (!ok(settings_load(NULL, &s, &e) == 0, "is configuration"))
		diag("%s", e.text);
}

int
main(void)
{
	if (!mkdtemp(dir))
		return 1;
	test_workspace();
	test_settings();
	test_providers();
	AUTO_FREE char *rm = xasprintf("rm -rf '%s'; exit %d", dir, done());
	fflush(stdout);
	execl("/bin/sh", "sh", "-c", rm, (char *)NULL);
	return 1;
}
