/* profile: which rules hold, put together from where they are written. */
#include "config.h"

#include "profile.h"

#include "alloc.h"
#include "path.h"
#include "settings.h"
#include "yaml.h"

enum { DEPTH_MAX = 8 };

struct source {
	struct rules *rules;
	const struct settings *settings;
	bool named;		/* somebody asked for it */
};

static int	lay(const struct source *s, const char *name, int depth,
		    bool *ret_found, struct err *e);

static int
lay_parents(const struct source *s, const jv *map, int depth, struct err *e)
{
	AUTO_JV jv parents = json_get(map, "extends");
	bool found = true;

	if (json_is(&parents, JSON_NOTHING))
		return 0;
	if (json_is(&parents, JSON_STRING))
		return lay(s, json_string(&parents), depth + 1, &found, e);
	for (size_t i = 0; i < json_count(&parents); i++) {
		AUTO_JV jv one = json_at(&parents, i);
		const char *name = json_string(&one);
		if (!name)
			return err_set(e, ST_CONFIG,
			    "'extends' is no list of profiles");
		if (lay(s, name, depth + 1, &found, e) < 0)
			return -1;
	}
	return 0;
}

static int
lay_map(const struct source *s, const char *name, const jv *map, int depth,
    struct err *e)
{
	AUTO_FREE char *where = xasprintf("profile '%s'", name);

	if (!json_is(map, JSON_OBJECT))
		return err_set(e, ST_CONFIG, "%s is no mapping", where);
	if (depth > DEPTH_MAX)
		return err_set(e, ST_CONFIG, "%s extends itself", where);
	if (lay_parents(s, map, depth, e) < 0)
		return -1;
	return rules_read(s->rules, map, where, e);
}

static bool
valid_name(const char *name)
{
	return *name && name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == '\0';
}

static int
lay(const struct source *s, const char *name, int depth, bool *ret_found,
    struct err *e)
{
	AUTO_JV jv all = json_get(&s->settings->user, "sandbox");
	AUTO_JV jv own = json_get(&all, name);
	AUTO_FREE char *file = NULL, *path = NULL;
	AUTO_YAML struct yaml_doc doc = YAML_DOC_INIT;
	struct err missing = ERR_INIT;

	*ret_found = true;
	if (!json_is(&own, JSON_NOTHING))
		return lay_map(s, name, &own, depth, e);
	*ret_found = false;
	if (!s->named && depth == 0)
		return 0;	/* we bring no "default" along */
	if (!valid_name(name))
		return err_set(e, ST_CONFIG, "'%s' is no name of a profile",
		    name);
	file = xasprintf("templates/sandbox/%s.yaml", name);
	path = path_data(file, &missing);
	if (path) {
		*ret_found = true;
		if (yaml_read(path, &doc, e) < 0)
			return -1;
		return lay_map(s, name, &doc.value, depth, e);
	}
	return depth == 0 ? 0 : err_set(e, ST_CONFIG,
	    "there is no profile '%s'", name);
}

static int
tighten(struct rules *rules, const char *name, const jv *map,
    struct strs *ret_refused, struct err *e)
{
	AUTO_RULES struct rules project = RULES_INIT;
	AUTO_FREE char *where = xasprintf("profile '%s' of the workspace",
	    name);
	AUTO_JV jv extends = json_get(map, "extends");

	if (!json_is(map, JSON_OBJECT))
		return err_set(e, ST_CONFIG, "%s is no mapping", where);
	if (!json_is(&extends, JSON_NOTHING))
		return err_set(e, ST_CONFIG, "%s extends another: it can "
		    "only take away", where);
	if (rules_read(&project, map, where, e) < 0)
		return -1;
	rules_tighten(rules, &project, map, ret_refused);
	return 0;
}

int
profile_apply(struct rules *rules, const char *name, const char *dir,
    struct strs *ret_refused, struct err *e)
{
	const char *which = name ? name : "default";
	AUTO_SETTINGS struct settings settings = SETTINGS_INIT;
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	struct source s = { rules, &settings, name != NULL };
	bool found = false;

	/* whoever owns the file: it can only take away */
	w.root = path_find_up(dir, ".agent");
	if (w.root)
		w.dir = path_join(w.root, ".agent");
	/* most often; and then nobody needs JSON, whose library comes late */
	if (!name && !settings_exist(&w))
		return 0;
	if (settings_load(w.root ? &w : NULL, &settings, e) < 0)
		return -1;
	AUTO_JV jv all = json_get(&settings.workspace, "sandbox");
	AUTO_JV jv project = json_get(&all, which);
	if (lay(&s, which, 0, &found, e) < 0)
		return -1;
	if (!json_is(&project, JSON_NOTHING))
		return tighten(rules, which, &project, ret_refused, e);
	if (!found && name)
		return err_set(e, ST_CONFIG, "there is no profile '%s'", name);
	return 0;
}
