/* spawn-again: what was said to agent-spawn, said to another one. */
#include "config.h"

#include "spawn-options.h"

void
spawn_options_again(const struct spawn_options *o, struct strs *words)
{
	const struct spawn *s = &o->spawn;

	STRS_ADD(words, "--format", "ndjson");
	if (s->dir)
		STRS_ADD(words, "-C", s->dir);
	if (s->agents_file)
		STRS_ADD(words, "--agents", s->agents_file);
	for (size_t i = 0; s->mcp_configs && i < s->mcp_configs->n; i++)
		STRS_ADD(words, "--mcp-config", s->mcp_configs->v[i]);
	if (s->max_turns > 0) {
		strs_add(words, "--max-turns");
		strs_addf(words, "%lld", (long long)s->max_turns);
	}
	if (s->max_tokens > 0) {
		strs_add(words, "--max-tokens");
		strs_addf(words, "%lld", (long long)s->max_tokens);
	}
	if (s->max_cost > 0) {
		strs_add(words, "--max-cost");
		strs_addf(words, "%.6f", s->max_cost);
	}
	if (s->timeout_ns > 0) {
		strs_add(words, "--timeout");
		strs_addf(words, "%lldms",
		    (long long)(s->timeout_ns / CLOCK_MS));
	}
	if (s->no_checkpoints)
		strs_add(words, "--no-checkpoints");
	if (s->park)
		strs_add(words, "--park");
	if (s->mode)
		STRS_ADD(words, "--permission-mode", s->mode);
}
