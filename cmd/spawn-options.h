/*
 * spawn-options: the command line of agent-spawn.
 */
#ifndef AGENT_SPAWN_OPTIONS_H
#define AGENT_SPAWN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli.h"
#include "prompt.h"
#include "spawn.h"
#include "strs.h"

struct spawn_options {
	struct spawn spawn;
	struct prompt prompt;
	jv route;
	struct strs mcp_configs;
	char **files;
	size_t nfiles, cfiles;
	bool text, check, stay, serve;
	bool partial;		/* pieces of answers too */
	int64_t idle_ns;	/* -1: for ever */
	size_t jobs;		/* 0: one task, from the operands */
};

extern const struct cli spawn_cli;

#define SPAWN_OPTIONS_INIT { .route = JSON_NONE, .idle_ns = -1 }

/* Fills `o`; exits on misuse. */
void	spawn_options(int argc, char **argv, struct spawn_options *o);
void	spawn_options_release(struct spawn_options *o);

/* The words that say to another agent-spawn what was said to us. */
void	spawn_options_again(const struct spawn_options *o, struct strs *words);

#endif
