#!/bin/sh
# agent-spawn: tools of an agent's own.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need_sandbox

mkdir tools
cat >tools/count.sh <<'END'
#!/bin/sh
[ "$1" = --describe ] && exec cat <<'JSON'
{"name": "count", "description": "Counts words.", "read_only": true,
 "parameters": {"type": "object", "required": ["path"],
	"properties": {"path": {"type": "string"}}}}
JSON
path=$(jq -r .path)
wc -w <"$path"
END
cat >tools/boom <<'END'
#!/bin/sh
echo "$AGENT_STEP_KEY" >>booms
cat
echo alas >&2
exit 3
END
echo 'description: Explodes.' >tools/boom.yaml
chmod +x tools/count.sh tools/boom
echo a b c >f
cat >agents.yaml <<'END'
defaults: {model: 'replay:rec', tools_dir: tools}
agents: [{id: dev}, {id: ops, tools: [boom, done]}]
END

it 'tells the model of them'
run agent-spawn -a dev --dry-run go
expect_json '.[0].body.tools | map(.function) |
	(map(.name) | index("boom") and index("count") and index("shell")) and
	(.[] | select(.name == "count") |
	.description == "Counts words." and .parameters.required == ["path"])'
run agent-spawn -a ops --dry-run go
expect_json '.[0].body.tools | map(.function.name) == ["boom", "done"]'

it 'runs them with their arguments, in the sandbox'
{
	calls '(.messages | length) == 2' count '{"path":"f"}' \
		boom '{"x":1}' shell '{"command":"echo x >>tools/boom.yaml"}'
	answer '.messages[3].content == "3\n" and
		.messages[4].content == "{\"x\":1}alas\n\n[exit status 3]" and
		(.messages[5].content | contains("Read-only"))' ok
} >rec
run agent-spawn -a dev go
expect_status 0

it 'checks the arguments against their schema'
{
	calls '(.messages | length) == 2' count '{"paths":"f"}'
	answer '.messages[3].content ==
		"error: the arguments are wrong: at the top: lacks \"path\""' ok
} >rec
run agent-spawn -a dev go
expect_status 0

it 'runs only what reads in plan mode'
{
	calls '(.messages | length) == 2' count '{"path":"f"}' boom '{}'
	answer '.messages[3].content == "3\n" and
		(.messages[4].content | contains("plan mode"))' ok
} >rec
run agent-spawn -a dev --permission-mode plan go
expect_status 0

it 'does not run again what may not be'
rm -rf .agent booms
{
	calls '(.messages | length) == 2' boom '{}' \
		shell '{"command":"touch begun; exec sleep 1006"}'
	answer '' ok
} >rec
background agent-spawn -a dev go >"$T_DIR/first" 2>&1
pid=$!
expect_ok await 20 test -e begun
expect_ok await 20 test -e booms
kill -9 $pid
run agent-spawn -c
expect_status 0
expect_ok [ "$(wc -l <booms)" -eq 1 ]

it 'says what is wrong with one'
chmod +x tools/boom.yaml
run agent-spawn -a dev go
expect_status 78
expect_err_has "tools/boom.yaml': there is one of that name already"
rm tools/boom.yaml
run agent-spawn -a dev go
expect_status 78
expect_err_has "tools/boom' has no description beside it"
echo '{"description": 3}' >tools/boom.json
run agent-spawn -a dev go
expect_status 78
expect_err_has "boom.json:1:17: 'description' must be a string"
echo '{"description": "x", "parameters": {"type": "thing"}}' >tools/boom.json
run agent-spawn --check
expect_status 78
expect_err_has "boom.json:1:36: schema, at #: unknown type 'thing'"

done_testing
