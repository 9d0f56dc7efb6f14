/*
 * yaml-node: the tree that yaml.c builds, yaml-scalar.c being asked for the
 * leaves, and yaml-check.c walks; private to the three.
 */
#ifndef AGENT_YAML_NODE_H
#define AGENT_YAML_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "json.h"
#include "yaml.h"

enum { YAML_SHOWN_MAX = 60 };	/* of a text of the file in a message */

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

/* A plain scalar; `s` is without NUL.  Errors do not say where it stood. */
int	yaml_scalar(const char *s, size_t len, jv *ret, struct err *e);

#endif
