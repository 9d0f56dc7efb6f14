/*
 * foreign-permit: what people allow and deny, for agents with tools of their
 * own.
 *
 * A tool of theirs that does what ones of ours do is switched off when the
 * rules deny all of those.  Whatever cannot be said so (a condition on the
 * arguments, a question to a person, a hook that wants to look before) is
 * refused: nothing of it would be kept.  Those that speak ACP ask us, and are
 * answered by all of it.  Tools of ours that the rules deny, it is not given
 * (foreign-servers.c).
 */
#include "config.h"

#include "foreign-impl.h"

#include "alloc.h"

/* In the order of foreign_tool.ours. */
static const char *const ours[] = {
	"shell", "read_file", "write_file", "edit_file", "list_files",
	"search_files", "fetch", NULL
};

enum { SHELL = 1, READ = 2, WRITE = 4, EDIT = 8, LIST = 16, SEARCH = 32,
	FETCH = 64 };

const struct foreign_tool foreign_claude_tools[] = {
	{ "Bash", SHELL }, { "Edit", EDIT }, { "Glob", LIST },
	{ "Grep", SEARCH }, { "NotebookEdit", EDIT }, { "Read", READ },
	{ "WebFetch", FETCH }, { "WebSearch", FETCH }, { "Write", WRITE },
	{ NULL, 0 }
};

const struct foreign_tool foreign_gemini_tools[] = {
	{ "glob", LIST }, { "google_web_search", FETCH },
	{ "grep_search", SEARCH }, { "list_directory", LIST },
	{ "read_file", READ }, { "read_many_files", READ },
	{ "replace", EDIT }, { "run_shell_command", SHELL },
	{ "web_fetch", FETCH }, { "write_file", WRITE }, { NULL, 0 }
};

/* The names of its permissions. */
const struct foreign_tool foreign_opencode_tools[] = {
	{ "bash", SHELL }, { "edit", WRITE | EDIT }, { "glob", LIST },
	{ "grep", SEARCH }, { "list", LIST }, { "read", READ },
	{ "webfetch", FETCH }, { "websearch", FETCH }, { NULL, 0 }
};

/* A question that the mode answers is none. */
static bool
is_answered(enum permit_mode mode, unsigned tool)
{
	return mode == PERMIT_BYPASS || (mode == PERMIT_ACCEPT_EDITS &&
	    (tool & (WRITE | EDIT)));
}

static int
refuse(const struct foreign *kind, const jv *agent, const char *tool,
    const char *why, struct err *e)
{
	return err_set(e, ST_CONFIG, "agent '%s': a rule for '%s' %s, which "
	    "one of type '%s' cannot be held to", json_str(agent, "id"), tool,
	    why, kind->type);
}

/* The tools of ours that the rules deny, whatever they are called with. */
static int
find_denied(const struct foreign *kind, const jv *agent,
    const struct permit *p, unsigned *ret, struct err *e)
{
	AUTO_JV jv subject = json_object();

	*ret = 0;
	json_set_str(&subject, "agent", json_str(agent, "id"));
	for (size_t i = 0; ours[i]; i++) {
		unsigned tool = 1U << i;

		json_set_str(&subject, "tool", ours[i]);
		switch (policy_of_tool(p->policy, &subject)) {
		case POLICY_ALLOW:
			break;
		case POLICY_DENY:
			*ret |= tool;
			break;
		case POLICY_ASK:
			if (!is_answered(p->mode, tool))
				return refuse(kind, agent, ours[i],
				    "asks a person", e);
			break;
		default:
			return refuse(kind, agent, ours[i],
			    "has a condition", e);
		}
	}
	return 0;
}

/* Adds the names of theirs; what is left of `denied` is told by none. */
static int
switch_off(const struct foreign *kind, const jv *agent, unsigned denied,
    struct strs *ret, struct err *e)
{
	unsigned told = 0;

	for (const struct foreign_tool *t = kind->tools; t && t->name; t++) {
		if ((t->ours & denied) == 0)
			continue;
		if ((t->ours & denied) != t->ours)
			return err_set(e, ST_CONFIG, "agent '%s': for one of "
			    "type '%s' the rules for 'write_file' and "
			    "'edit_file' must be the same",
			    json_str(agent, "id"), kind->type);
		strs_add(ret, t->name);
		told |= t->ours;
	}
	/* without a profile its model is all that it can reach */
	if (!json_has(agent, "sandbox"))
		told |= FETCH;
	for (size_t i = 0; ours[i]; i++)
		if (denied & ~told & (1U << i))
			return refuse(kind, agent, ours[i], "denies it", e);
	return 0;
}

int
foreign_permit(const struct foreign *kind, const jv *agent,
    const struct permit *p, struct strs *ret, struct err *e)
{
	AUTO_JV jv before = p->hooks ? json_get(p->hooks, "PreToolUse") :
	    JSON_NONE;
	unsigned denied;

	if (kind->dialogue)
		return 0;
	if (json_count(&before) > 0)
		return err_set(e, ST_CONFIG, "agent '%s': there are hooks "
		    "before a tool (PreToolUse), which one of type '%s' does "
		    "not wait for", json_str(agent, "id"), kind->type);
	if (!p->policy)
		return 0;
	return find_denied(kind, agent, p, &denied, e) < 0 ? -1 :
	    switch_off(kind, agent, denied, ret, e);
}

int
foreign_check_rules(const struct foreign *kind, const jv *agent,
    const struct permit *p, struct err *e)
{
	AUTO_STRS struct strs ignored = STRS_INIT;

	return foreign_permit(kind, agent, p, &ignored, e) < 0 ? -1 :
	    foreign_check_tools(kind, agent, p, e);
}
