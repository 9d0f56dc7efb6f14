/* skills: directories with a SKILL.md, which say how something is done. */
#include "config.h"

#include "skills.h"

#include <dirent.h>

#include "agents.h"
#include "alloc.h"
#include "path.h"
#include "yaml.h"

enum { SKILL_MAX = 1 << 20, SKILLS_MAX = 200 };

/* The YAML between the first two lines of "---"; NULL when there is none. */
static char *
front_matter(const struct buf *text)
{
	const char *start = text->data + 4, *end;

	if (text->len < 4 || memcmp(text->data, "---\n", 4) != 0)
		return NULL;
	end = strstr(start, "\n---");
	return end ? xstrndup(start, (size_t)(end + 1 - start)) : NULL;
}

static int
add_skill(const char *file, jv *list, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_YAML struct yaml_doc doc = YAML_DOC_INIT;
	AUTO_FREE char *head = NULL;
	jv skill;

	if (path_read(file, SKILL_MAX, &text, e) < 0)
		return -1;
	head = front_matter(&text);
	if (!head || yaml_parse(file, head, strlen(head), &doc, e) < 0 ||
	    !json_str(&doc.value, "name") ||
	    !json_str(&doc.value, "description"))
		return err_set(e, ST_CONFIG, "'%s' does not begin with 'name' "
		    "and 'description' between two lines of '---'", file);
	skill = json_object();
	json_set_str(&skill, "name", json_str(&doc.value, "name"));
	json_set_str(&skill, "description",
	    json_str(&doc.value, "description"));
	json_set_str(&skill, "path", file);
	json_append(list, skill);
	return 0;
}

static int
is_visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* A skill, or a directory of them. */
static int
add_dir(const char *dir, jv *list, struct err *e)
{
	AUTO_FREE char *own = path_join(dir, "SKILL.md");
	struct dirent **entries = NULL;
	int n, r = 0;

	if (path_exists(own))
		return add_skill(own, list, e);
	n = scandir(dir, &entries, is_visible, alphasort);
	if (n < 0)
		return err_sys(e, ST_NOINPUT, "cannot open '%s'", dir);
	for (int i = 0; i < n; i++) {
		AUTO_FREE char *sub = path_join(dir, entries[i]->d_name);
		AUTO_FREE char *file = path_join(sub, "SKILL.md");

		if (r == 0 && path_exists(file) &&
		    json_count(list) < SKILLS_MAX)
			r = add_skill(file, list, e);
		free(entries[i]);
	}
	free(entries);
	return r;
}

int
skills_find(const jv *agent, const char *dir, const char *workspace, jv *ret,
    struct err *e)
{
	AUTO_JV jv named = agents_strings(agent, "skills");
	AUTO_JV jv list = json_array();
	AUTO_FREE char *common = path_join(workspace, ".agents/skills");

	if (path_is_dir(common) && add_dir(common, &list, e) < 0)
		return -1;
	for (size_t i = 0; i < json_count(&named); i++) {
		AUTO_JV jv name = json_at(&named, i);
		AUTO_FREE char *path = path_join(dir, json_string(&name));
		AUTO_FREE char *real = path_real(path, e);

		if (!real || add_dir(real, &list, e) < 0)
			return -1;
	}
	*ret = json_copy(&list);
	return 0;
}
