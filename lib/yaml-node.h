/*
 * yaml-node: the tree that yaml.c builds and yaml-check.c walks; private to
 * the two.
 */
#ifndef AGENT_YAML_NODE_H
#define AGENT_YAML_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "json.h"
#include "yaml.h"

struct yaml_node {
	char *key;		/* NULL: an element, or the root */
	jv value;		/* JSON_NONE while it is being built */
	size_t first, last;	/* children, by index; 0: none */
	size_t next;		/* sibling; 0: none */
	size_t alias;		/* the node that this stands for; 0: itself */
	struct yaml_pos pos, key_pos;
	size_t weight;		/* what it expands to, in bytes */
	int height;
	bool merge;		/* the value of a merge key */
};

#endif
