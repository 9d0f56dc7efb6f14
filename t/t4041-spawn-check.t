#!/bin/sh
# agent-spawn --check: all that is wrong; files that include others.
. "${0%/*}/lib.sh"
mkdir .agent sub skills skills/s
printf -- '---\nname: s\ndescription: x\n---\n' >skills/s/SKILL.md
echo 'Be good.' >sub/rules.md
cat >sub/ops.yaml <<'END'
defaults: {rules_file: rules.md}
agents: [{id: ops, description: Runs things.}]
END
cat >agents.yaml <<'END'
include: [sub, agents.yaml]
defaults: {model: 'replay:rec', tools: [read_file, done]}
agents: [{id: dev, skills: skills, direct_communication: [ops, user]}]
END

it 'finds nothing wrong with what is right'
run agent-spawn --check
expect_status 0
expect_out ''
expect_err ''

it 'takes agents of included files, with their paths and all defaults'
run agent-spawn -a ops --dry-run go
expect_status 0
expect_json '.[0].body | (.messages[0].content | contains("Runs things.") and
	contains("Be good.")) and ([.tools[].function.name] | sort) ==
	["done", "read_file"]'

it 'takes a directory for a file'
run agent-spawn --agents sub -m replay:rec --dry-run go
expect_status 0
expect_json '.[0].body.messages[0].content | contains("Be good.")'

it 'says what is wrong with the defaults once, and there'
printf 'defaults: {model: nope/x, tools: [shel]}\nagents: [{id: a}, {id: b}]\n' \
	>shared.yaml
run agent-spawn --check --agents shared.yaml
expect_status 78
expect_err "shared.yaml:1:19: unknown provider 'nope' in model 'nope/x'
shared.yaml:1:35: there is no tool 'shel', did you mean 'shell'?"

it 'says that the rules are more than an agent can have'
head -c 300000 /dev/zero >big.md
echo 'agents: [{id: a, rules_file: big.md}]' >big.yaml
run agent-spawn --check --agents big.yaml
expect_status 78
expect_err_has "big.yaml:1:30: '" "big.md': input is larger than 262144 bytes"

it 'says that there is no agent'
echo 'agents: []' >none.yaml
run agent-spawn --agents none.yaml go
expect_status 78
expect_err "agent-spawn: there is no agent in 'none.yaml'"

it 'finds everything wrong at once'
cat >bad.yaml <<'END'
include: [sub, missing.yaml]
defaults: {modle: x}
agents:
  - id: dev
    tools: [shel, read_file]
    direct_communication: [opps, user]
    policy:
      - {tool: shell, deny: true, allow: true}
      - {when: '.a |', ask: true}
    limits: {turns: 0, wall_time: soon, tokns: 4}
    rules_file: R.md
    skills: [a]
    model: [nope/x, 'replay:y']
    sandbox: nonesuch
  - id: dev
  - {}
  - {id: cod, type: codex, tools: [shell]}
END
cat >.agent/config.yaml <<'END'
providers: {}
policy: {tools: [{}]}
END
run agent-spawn --check --agents bad.yaml
expect_status 78
expect_out ''
sed "s#$PWD/##" "$T_DIR/err" >"$T_DIR/sed" && mv "$T_DIR/sed" "$T_DIR/err"
expect_err ".agent/config.yaml:1:1: 'providers' belongs into the user's \
configuration: a workspace must not say where your keys go
.agent/config.yaml:2:18: it needs one of 'allow', 'deny' and 'ask'
bad.yaml:1:16: cannot open 'missing.yaml': No such file or directory
bad.yaml:2:12: unknown key 'modle', did you mean 'model'?
bad.yaml:5:13: there is no tool 'shel', did you mean 'shell'?
bad.yaml:6:28: there is no agent 'opps', did you mean 'ops'?
bad.yaml:8:9: it needs one of 'allow', 'deny' and 'ask'
bad.yaml:9:16: syntax error, unexpected \$end, line 1
bad.yaml:10:21: 'turns' must be more than 0
bad.yaml:10:35: 'soon' is no duration, such as '90s', '20m' or '1h30m'
bad.yaml:10:41: unknown key 'tokns', did you mean 'tokens'?
bad.yaml:11:17: there is no file 'R.md'
bad.yaml:12:14: cannot open 'a': No such file or directory
bad.yaml:15:9: there is an agent 'dev' already
bad.yaml:16:5: 'id' is missing
bad.yaml:17:21: agent 'cod': 'tools' cannot be had of one of type 'codex'"

it 'looks at models and profiles when the configuration is right'
rm .agent/config.yaml
run agent-spawn --check --agents bad.yaml
expect_err_has "bad.yaml:13:13: unknown provider 'nope' in model 'nope/x'" \
	"bad.yaml:14:14: there is no profile 'nonesuch'"

it 'finds a rule that would never apply'
cat >rule.yaml <<'END'
agents: [{id: dev, policy: [{tool: ['sh*', shel], deny: never}]}]
END
run agent-spawn --check --agents rule.yaml
expect_status 78
expect_err "rule.yaml:1:44: there is no tool 'shel', did you mean 'shell'?"

it 'runs nothing of what is wrong'
run agent-spawn -a dev --agents bad.yaml go
expect_status 78
expect_err_has "missing.yaml"
expect_not [ -e .agent/runs ]

it 'says that there is nothing to check'
rm agents.yaml
run agent-spawn --check
expect_status 66

done_testing
