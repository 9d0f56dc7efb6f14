/*
 * spawn-impl: what the two halves of spawn.h share: spawn-setup.c finds and
 * makes all that a run needs, spawn.c runs it.
 */
#ifndef AGENT_SPAWN_IMPL_H
#define AGENT_SPAWN_IMPL_H

#include "agents.h"
#include "buf.h"
#include "conversation.h"
#include "door.h"
#include "foreign.h"
#include "journal.h"
#include "liaison.h"
#include "model.h"
#include "policy.h"
#include "servers.h"
#include "settings.h"
#include "spawn.h"
#include "subagent.h"
#include "toolbox.h"
#include "ulid.h"
#include "workspace.h"

/* All that a run needs, owned until its end. */
struct setup {
	const struct spawn *said;
	const struct foreign *foreign;	/* NULL: an agent of ours */
	struct workspace workspace;
	struct agents agents;
	jv agent;
	char *place;			/* the agent's own workspace */
	struct model model;
	struct journal journal;
	struct buf briefing;
	struct toolbox box;
	struct servers servers;
	jv own_tools;			/* without those of the servers */
	struct subagents subagents;
	jv tools, env, options, skills;
	jv route;			/* what was said, or is resumed */
	const char *mode;		/* likewise */
	char run[ULID_LEN + 1];
	char *run_dir, *output_dir, *source;
	struct conversation talk;
	struct settings settings;
	struct policy *policy;
	jv hooks;
	char *audit;
	struct liaison *liaison, *own_liaison;
	struct door door;
	jv read_only, others;		/* paths, strings */
	int64_t depth;			/* subagent.h */
};

#define SETUP_INIT(what) { .said = (what), .workspace = WORKSPACE_INIT, \
	.agents = AGENTS_INIT, .agent = JSON_NONE, .model = MODEL_INIT, \
	.journal = JOURNAL_INIT, .box = TOOLBOX_INIT, .tools = JSON_NONE, \
	.servers = SERVERS_INIT, .own_tools = JSON_NONE, \
	.env = JSON_NONE, .options = JSON_NONE, .skills = JSON_NONE, \
	.route = JSON_NONE, .read_only = JSON_NONE, .others = JSON_NONE, \
	.talk = CONVERSATION_INIT, .settings = SETTINGS_INIT, \
	.hooks = JSON_NONE, .door = DOOR_INIT }

void	setup_release(struct setup *s);

/* The workspace, if there is one, and the run to go on with in it. */
int	setup_run(struct setup *s, struct err *e);

/* The agent and all that belongs to it; makes a workspace. */
int	setup_agent(struct setup *s, struct err *e);

/* Files of the run, and the way to other agents; leaves traces. */
int	setup_files(struct setup *s, struct err *e);

/*
 * spawn-servers.c: starts the servers of the agent, what they may see being
 * that of its tools; and, for agent.h, waits for them and takes their tools.
 */
void	spawn_servers_begin(struct setup *s, const struct calls_place *place,
	    bool read_only);
int	spawn_servers_renew(void *setup, jv *ret_logs, struct err *e);

/* Lines for the audit trail, before and after a run. */
int	spawn_note_begin(const struct setup *s, struct err *e);
int	spawn_note_end(const struct setup *s, int status, struct err *e);

#endif
