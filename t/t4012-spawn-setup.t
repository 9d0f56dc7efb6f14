#!/bin/sh
# agent-spawn: what is wrong before a run begins.
. "${0%/*}/lib.sh"

it 'wants a task'
run agent-spawn
expect_status 2
expect_err_has 'no prompt' 'usage: agent-spawn'

it 'wants agents.yaml for an agent'
run agent-spawn -a dev go
expect_status 66
expect_err_has "there is no 'agents.yaml'"
expect_json 'last | .type == "error" and .data.status == 66'

it 'wants an agent that is there'
printf 'agents:\n- id: dev\n  model: replay:rec\n- id: ops\n' >agents.yaml
run agent-spawn -a boss go
expect_status 66
expect_err_has "there is no agent 'boss'" 'but dev, ops'

it 'wants to be told which'
run agent-spawn go
expect_status 2
expect_err_has 'say which agent'

it 'says where agents.yaml is wrong'
printf 'agents:\n- id: dev\n  tols: [shell]\n' >bad.yaml
run agent-spawn --agents bad.yaml go
expect_status 78
expect_err_has "bad.yaml:3:3: unknown key 'tols', did you mean 'tools'?"

it 'wants tools that are there'
printf 'agents:\n- id: dev\n  model: replay:rec\n  tools: [fly]\n' >fly.yaml
run agent-spawn --agents fly.yaml go
expect_status 78
expect_err_has "there is no tool 'fly'"

it 'wants the rules that are named'
printf 'agents:\n- id: dev\n  model: replay:rec\n  rules_file: R.md\n' \
	>rules.yaml
run agent-spawn --agents rules.yaml go
expect_status 66
expect_err_has 'R.md'

it 'wants a model'
printf 'agents:\n- id: dev\n' >plain.yaml
run agent-spawn --agents plain.yaml -m nosuch/model go
expect_status 78
expect_err_has nosuch

it 'wants a recording that is there'
run agent-spawn -a dev go
expect_status 66
expect_err_has rec

it 'wants numbers that are numbers'
run agent-spawn --max-turns many go
expect_status 2
expect_err_has '--max-turns takes a whole number'

it 'wants a format that it knows'
run agent-spawn --format xml go
expect_status 2

it 'does not read a standard input that nobody writes'
mkfifo never
run agent-spawn --no-stdin --agents bad.yaml go <>never
expect_status 78

done_testing
