#!/bin/sh
# agent-route before a queue: what a rule calls critical overtakes.
. "${0%/*}/lib.sh"

mkdir .agent
cat >agents.yaml <<'END'
agents:
  - {id: writer, description: Writes texts.}
END
cat >route.yaml <<'END'
rules:
  last:
    - {when: '.data.prompt // .prompt | test("fire")', priority: critical}
    - {when: '.data.prompt // .prompt | test("some day")', priority: low}
    - {when: '.data.prompt // .prompt | test("odd")', priority: purple}
END

# prompts: in the order in which a worker gets them.
prompts() {
	while agent-recv --auto -q work >got; do
		jq -r '.data.prompt' got
	done
}

it 'lets the critical overtake, and the low be overtaken'
printf '{"prompt":"%s"}\n' 'tidy up some day' 'write a' 'an odd one' \
	'the house is on fire' 'write b' >in
agent-route <in | agent-send -q work >/dev/null || fail 'not sent'
[ "$(prompts | paste -sd , -)" = \
	'the house is on fire,write a,an odd one,write b,tidy up some day' ] ||
	fail 'another order'

it 'is told by records, too'
agent-route --lines <<'END' | agent-send -q work >/dev/null
write c
fire in the kitchen
END
run agent-recv --auto -q work
expect_json '.[0].data.prompt == "fire in the kitchen"'
agent-recv --auto -q work >/dev/null

it 'leaves it to who sends, when that says a priority'
agent-route <in | agent-send -p 3 -q work >/dev/null
run agent-recv --auto -q work
expect_json '.[0].data.prompt == "tidy up some day"'

done_testing
