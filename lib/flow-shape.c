/* flow-shape: what may be written in a flow. */
#include "config.h"

#include "flow-impl.h"

const char *const flow_kinds[] = {
	"run", "agent", "gate", "flow", "rollback", "parallel", "sequential",
	NULL
};

static const char *const on_error[] = {
	"fail", "continue", NULL
};

static const struct yaml_shape strings[] = {
	{ "*", .kinds = YAML_STRING },
	YAML_SHAPE_END
};

static const struct yaml_shape limits[] = {
	{ "cost", .kinds = YAML_NUMBER },
	{ "jobs", .kinds = YAML_INT },
	{ "timeout", .kinds = YAML_STRING | YAML_INT },
	{ "wall", .kinds = YAML_STRING | YAML_INT },
	YAML_SHAPE_END
};

static const struct yaml_shape loop[] = {
	{ "jobs", .kinds = YAML_INT },
	{ "key", .kinds = YAML_STRING },
	{ "max", .kinds = YAML_INT },
	{ "over", .kinds = YAML_STRING | YAML_LIST, .each = YAML_ANY },
	{ "until", .kinds = YAML_STRING },
	{ "while", .kinds = YAML_STRING },
	YAML_SHAPE_END
};

static const struct yaml_shape anything[] = {
	{ "*", .kinds = YAML_ANY },
	YAML_SHAPE_END
};

/* of tasks, each is checked by itself: groups are in groups */
static const struct yaml_shape tasks[] = {
	{ "*", .kinds = YAML_MAP },
	YAML_SHAPE_END
};

const struct yaml_shape flow_task_shape[] = {
	{ "agent", .kinds = YAML_STRING },
	{ "always", .kinds = YAML_BOOL },
	{ "checkpoint", .kinds = YAML_BOOL },
	{ "condition", .kinds = YAML_STRING },
	{ "env", .kinds = YAML_MAP, .members = strings },
	{ "flow", .kinds = YAML_STRING },
	{ "gate", .kinds = YAML_STRING },
	{ "inputs", .kinds = YAML_LIST, .each = YAML_STRING },
	{ "loop", .kinds = YAML_MAP, .members = loop },
	{ "needs", .kinds = YAML_STRING | YAML_LIST, .each = YAML_STRING },
	{ "on_error", .kinds = YAML_STRING, .words = on_error },
	{ "output", .kinds = YAML_STRING | YAML_MAP },
	{ "outputs", .kinds = YAML_LIST, .each = YAML_STRING },
	{ "parallel", .kinds = YAML_MAP, .members = tasks },
	{ "prompt", .kinds = YAML_STRING },
	{ "retries", .kinds = YAML_INT },
	{ "rollback", .kinds = YAML_STRING },
	{ "run", .kinds = YAML_STRING | YAML_LIST, .each = YAML_STRING },
	{ "sandbox", .kinds = YAML_STRING },
	{ "sequential", .kinds = YAML_MAP, .members = tasks },
	{ "timeout", .kinds = YAML_STRING | YAML_INT },
	{ "title", .kinds = YAML_STRING },
	{ "with", .kinds = YAML_MAP, .members = strings },
	YAML_SHAPE_END
};

const struct yaml_shape flow_shape[] = {
	{ "agents", .kinds = YAML_STRING | YAML_MAP, .members = tasks },
	{ "description", .kinds = YAML_STRING },
	{ "env", .kinds = YAML_MAP, .members = strings },
	{ "inputs", .kinds = YAML_MAP, .members = anything },
	{ "limits", .kinds = YAML_MAP, .members = limits },
	{ "sandbox", .kinds = YAML_STRING },
	{ "tasks", .kinds = YAML_MAP | YAML_REQUIRED, .members = tasks },
	YAML_SHAPE_END
};
