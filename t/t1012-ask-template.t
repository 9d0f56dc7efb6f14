#!/bin/sh
# agent-ask -t, --save, --templates: questions kept under a name.
#
# shellcheck disable=SC2016
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
model_server -e '{"match":"person","text":"{\"name\":\"Eve\"}"}' \
	-e '{"match":"codeme","text":"A\n```\nls\n```\n"}' -e '{"echo":true}'
AGENT_MODEL=test/x
export AGENT_MODEL
T=$HOME/.config/agent/templates
mkdir -p "$T"

sent() {
	tail -n 1 "$MODEL_LOG" | jq -e "$1" >/dev/null ||
		fail "sent otherwise than: $1
$(tail -n 1 "$MODEL_LOG" | head -c 1000)"
}

cat >"$T/letter.yaml" <<'Y'
system: You write like $who.
prompt: |
  Write ${what}s for $$5 about:
  $input
  ($ and $5 stay)
model: test/poet
options: { temperature: 0.9, top_p: 1 }
defaults: { what: letter, n: 3 }
Y

it 'fills in parameters, input and dollar signs'
run agent-ask -t letter -p who Goethe -o top_p 0.5 the sea
expect_status 0
expect_out 'Write letters for $5 about:
the sea
($ and $5 stay)'
sent '.body.model == "poet" and .body.temperature == 0.9 and
	.body.top_p == 0.5 and
	.body.messages[0] == {role:"system",content:"You write like Goethe."}'

it 'names the parameter that is missing, or not known'
run agent-ask -t letter the sea
expect_status 2
expect_err_has "needs a parameter: -p who VALUE"
run agent-ask -t letter -p who X -p wat Y the sea
expect_status 2
expect_err_has "has no parameter 'wat', did you mean 'what'?"

it 'runs nothing and looks at nothing twice that is filled in'
run agent-ask -t letter -p who '$what $(touch ran) `touch ran`' '$who $input'
expect_status 0
expect_not test -e ran
expect_out_has '$who $input'
sent '.body.messages[0].content == "You write like $what $(touch ran) `touch ran`."'

it 'lets the command line win'
run agent-ask -t letter -p who X -m test/y -s mine sea
sent '.body.model == "y" and .body.messages[0].content == "mine"'

it 'needs no words where the prompt says all'
echo 'prompt: Tell a joke.' >"$T/joke.yaml"
run agent-ask -t joke
expect_out 'Tell a joke.'
run agent-ask -t joke short
printf 'Tell a joke.\n\nshort\n' >want
expect_ok cmp want "$T_DIR/out"
run sh -c 'echo piped | agent-ask -t joke'
expect_out_has 'Tell a joke.' piped
echo '"Only a prompt"' >"$T/plain.yaml"
run agent-ask -t plain
expect_out 'Only a prompt'

it 'takes schema and extraction from it'
printf 'schema: name\nprompt: person\n' >"$T/person.yaml"
run agent-ask -t person
expect_out '{"name":"Eve"}'
printf 'schema_object: {type: object, required: [nom]}\nprompt: person\n' \
	>"$T/person.yaml"
run agent-ask -t person --schema-retries 0
expect_status 65
printf 'extract: true\nprompt: codeme\n' >"$T/code.yaml"
run agent-ask -t code
expect_out ls

it 'frames every task of a stream'
printf 'a\nb\n' >in
run agent-ask --lines -t letter -p who X <in
expect_status 0
expect_json '.[1].data.text == "Write letters for $5 about:\nb\n($ and $5 stay)\n"'

it 'keeps a question under a name'
run agent-ask --save mine -s 'Be "brief".' -m test/z -o seed 4 \
	--schema 'name, age int' -p tone kind "$(printf 'One\n  $tone:\n\n$input')"
expect_status 0
expect_out ''
run agent-ask --dry-run -t mine x
expect_json '.[0].body | .model == "z" and .seed == 4 and
	.messages[0].content == "Be \"brief\"." and
	.messages[1].content == "One\n  kind:\n\nx" and
	.response_format.json_schema.schema.required == ["name","age"]'
grep -q '^prompt: |-$' "$T/mine.yaml" || fail "$(cat "$T/mine.yaml")"

it 'gives back whatever was saved'
for text in 'a: b' '- x' ' lead' 'end ' "$(printf 'a\n')" '#' '"' \
	"$(printf 'tab\there\nx: y')" 'é — ✓' "$(printf '\033[1m')" '|' ''; do
	[ -n "$text" ] || continue
	run agent-ask --save any -- "$text"
	expect_status 0
	run agent-ask --dry-run -t any
	jq -j '.body.messages[0].content' "$T_DIR/out" >got
	printf '%s' "$text" >want
	expect_ok cmp got want
done

it 'refuses what is no name, and nothing'
run agent-ask --save ../x hi
expect_status 2
run agent-ask --save empty
expect_status 2
run agent-ask -p a b hi
expect_status 2

it 'finds those of the workspace first, files, and near names'
mkdir -p .agent/templates
echo 'prompt: here' >.agent/templates/joke.yaml
run agent-ask -t joke
expect_out here
echo 'prompt: file' >f.yaml
run agent-ask -t ./f.yaml
expect_out file
run agent-ask -t jok
expect_status 66
expect_err_has "no template 'jok', did you mean 'joke'?"

it 'says where a template is wrong'
printf 'prompt: a\nprmpt: b\n' >bad.yaml
run agent-ask -t bad.yaml
expect_status 78
expect_err_has "bad.yaml:2:1: unknown key 'prmpt', did you mean 'prompt'?"

it 'lists them'
run agent-ask --templates
expect_status 0
expect_out_has "$(printf 'joke\there')" "$(printf 'mine\tOne   $tone:')"
run agent-ask --templates --json
expect_json 'map(select(.name == "letter"))[0].model == "test/poet"'

done_testing
