#!/bin/sh
# agent-flow: ids, prompts, files and inputs as nobody should write them; the
# clock set back, a full disk, and two at once in the middle.
# shellcheck disable=SC2016 # programs for another shell
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need make jq

it 'passes odd names and texts on as they are'
odd='a b"c$(touch evil)`x`;%:#
d'
name=$(printf 'f \377$(touch evil)\n"x')
printf 'data' >"$name"
jq -n --arg odd "$odd" '{sandbox: "none", env: {ODD: $odd}, tasks: {
	one: {title: $odd, run: ["printf", "%s", $odd]},
	two: {run: "printf %s \"$ODD\"", needs: ["one"],
		with: {($odd): ".tasks.one.output"}},
	three: {needs: "one", loop: {over: "[.tasks.one.output, 1]",
		key: ".item | tojson + \"x\""}, with: {i: ".item"}, run: "cat"}}}' \
	>odd.flow.yaml
run agent-flow run odd.flow.yaml
expect_status 0
printf '%s' "$odd" | cmp -s - .agent/flows/odd/steps/one/1/stdout ||
	fail 'one was given something else'
printf '%s' "$odd" | cmp -s - .agent/flows/odd/steps/two/1/stdout ||
	fail 'two was given something else'
run agent-flow status odd
expect_status 0
run agent-flow show odd one
expect_status 0
run agent-flow graph --format dot odd.flow.yaml
expect_status 0
expect_not [ -e evil ]
expect_not grep -q evil .agent/flows/odd/makefile

it 'refuses ids that are none'
for id in 'a b' 'a.b' '$(x)' 'a"b' '../x' '-x' "$(printf 'a\nb')"; do
	jq -n --arg id "$id" '{tasks: {($id): {run: "true"}}}' >id.flow.yaml
	run agent-flow check id.flow.yaml
	expect_status 78
	expect_err_has 'is no id'
done

it 'takes bytes that are no text'
printf 'sandbox: none\ntasks:\n  a: {run: ["printf", "%%s", "x\377y"]}\n' \
	>bytes.flow.yaml
run agent-flow check bytes.flow.yaml
expect_status 78
printf 'inputs: {i: null}\ntasks:\n  a: {run: cat, with: {i: .inputs.i}}\n' |
	sed '1i sandbox: none' >in.flow.yaml
printf 'x\377\000y' >raw
run agent-flow run --set i=@raw in.flow.yaml
expect_status 0
expect_ok jq -e '.i | startswith("x")' .agent/flows/in/steps/a/1/stdout

it 'gives an agent an odd prompt as it is'
printf 'agents: [{id: dev, model: "replay:rec"}]\n' >agents.yaml
jq -n --arg odd "$odd" '{tasks: {a: {agent: "dev", prompt: $odd}}}' \
	>prompt.flow.yaml
answer ".messages[1].content | startswith($(jq -n --arg o "$odd" '$o'))" \
	'yes' >rec
run agent-flow run prompt.flow.yaml
expect_status 0

it 'goes on when the clock is set back a day'
cat >clock.flow.yaml <<'END'
sandbox: none
tasks:
  a: {run: 'echo a >>log', retries: 1, timeout: 30}
  b: {needs: a, run: 'echo -86400 >offset; echo b >>log'}
  c: {needs: b, loop: {over: [1, 2]}, run: 'echo c >>log'}
  d: {needs: c, run: 'echo d >>log', inputs: [offset]}
END
shim=$PWD/shim.so
if cc -shared -fPIC -o "$shim" "$T_SRC/t/clock-shim.c" -ldl 2>"$T_DIR/why"; then
	echo 0 >offset
	run env LD_PRELOAD="$shim" CLOCK_OFFSET="$PWD/offset" \
		agent-flow run clock.flow.yaml
	expect_status 0
	expect_ok [ "$(tr -d '\n' <log)" = abccd ]
	echo 86400 >offset2
	run env LD_PRELOAD="$shim" CLOCK_OFFSET="$PWD/offset2" \
		agent-flow run clock.flow.yaml
	expect_status 0
	run agent-flow run clock.flow.yaml
	expect_status 0
	expect_ok [ "$(tr -d '\n' <log)" = abccd ]
else
	skip 'there is no compiler'
fi

it 'takes a full disk for what it is, and goes on when there is room'
cat >full.sh <<'END'
mount -t tmpfs -o size=256k tmpfs disk || exit 99
cd disk
cp ../full.flow.yaml .
mkdir -m 700 .agent
agent-flow run full.flow.yaml >../records 2>&1
echo $? >../first
rm -f ballast
agent-flow run --retry-failed full.flow.yaml >../records2 2>&1
echo $? >../second
cat log >../log.full
find .agent -name '*.json' -exec jq empty {} + || echo torn >../torn
END
cat >full.flow.yaml <<'END'
sandbox: none
tasks:
  a: {run: 'echo a >>log'}
  b:
    needs: a
    run: '[ -e once ] || { echo x >once; cat /dev/zero >ballast; } || :'
  c: {needs: b, run: 'echo c >>log; seq 2000'}
  d: {needs: c, run: 'echo d >>log'}
END
mkdir disk
run unshare -Urm sh full.sh
if [ "$status" -eq 99 ] || [ ! -e first ]; then
	skip 'no file system may be mounted here'
else
	[ "$(cat first)" -ne 0 ] || fail 'it did not notice a full disk'
	expect_file second 0
	expect_ok grep -q d log.full
	expect_ok [ "$(grep -c a log.full)" -eq 1 ]
	expect_not [ -e torn ]
fi

done_testing
