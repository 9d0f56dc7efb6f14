#!/bin/sh
# agent-route: tasks in, the same tasks out.
. "${0%/*}/lib.sh"

cat >agents.yaml <<'EOF'
agents:
  - id: cook
    description: Kitchen, recipes and menus.
  - id: lawyer
    description: Contracts and lawsuits.
    capabilities: [litigation]
  - id: coder
    description: Writes and mends code.
EOF

it 'adds a member and nothing else, byte for byte'
printf '%s\n' '{"n":12345678901234567890, "prompt":"sue them\u0041" ,"x":[1.0]}' >in
run agent-route --no-stats <in
expect_status 0
expect_err ''
expect_json '.[0].route.agent == "lawyer"'
sed 's/,"route":{.*}$/}/' "$T_DIR/out" >back
cmp -s in back || fail "$(cat back)"

it 'replaces a route that was there'
echo '{"prompt":"a recipe","route":{"agent":"x"},"z":1}' >in
run agent-route --no-stats <in
expect_json '.[0] | .route.agent == "cook" and .z == 1 and keys == ["prompt","route","z"]'

it 'says class, score, alternatives, estimate and why'
run agent-route --no-stats <in
expect_json '.[0].route | .class == "light" and .score > 0 and
	(.confidence > 0.5) and (.alternatives | type) == "array" and
	(.estimate.minutes > 0) and (.why | length) > 0'

it 'reads a record by data.prompt'
echo '{"specversion":"1.0","id":"1","source":"/user/x","type":"task","data":{"prompt":"fix the crash in this function"}}' >in
run agent-route --no-stats <in
expect_json '.[0].route.agent == "coder"'

it 'passes other records on as they are, in order'
printf '%s\n' '{"type":"log","data":{"prompt":"sue"}}' '{"prompt":"a menu"}' \
	'{"type":"x.y"}' >in
run agent-route --no-stats <in
sed -n '1p;3p' in >want
sed -n '1p;3p' "$T_DIR/out" | cmp -s - want || fail 'changed'
expect_json 'length == 3 and .[1].route.agent == "cook"'

it 'reports a bad line with its number, goes on, ends with 65'
{
	echo '{"prompt":"a menu"}'
	echo 'nonsense'
	echo '[1]'
	echo '{"prompt":"sue him"}'
} >in
run agent-route --no-stats <in
expect_status 65
expect_err_has 'line 2: ' 'line 3: not an object but array'
expect_json 'map(.route.agent) == ["cook", "lawyer"]'

it 'routes a task that says nothing, without confidence'
echo '{"id":"1"}' >in
run agent-route --no-stats <in
expect_status 0
expect_json '.[0].route | .agent == "cook" and .confidence < 0.5'

it 'takes a line of ten megabytes, and reports one beyond the limit'
perl -e 'print "{\"prompt\":\"sue ", "x " x 5_000_000, "\"}\n"' >in
run agent-route --no-stats <in
expect_status 0
expect_out_has '"agent":"lawyer"'
perl -e 'print "{\"prompt\":\"", "x" x (17 << 20), "\"}\n{\"prompt\":\"sue\"}\n"' >in
run agent-route --no-stats <in
expect_status 65
expect_err_has 'line 1: longer than'
expect_json 'length == 1 and .[0].route.agent == "lawyer"'

it 'makes records of plain lines'
printf 'sue them\n\na soup recipe' >in
run agent-route --no-stats --lines <in
expect_status 0
expect_json 'length == 2 and .[0].type == "task" and
	.[0].data.prompt == "sue them" and (.[1].id | length) == 26 and
	map(.route.agent) == ["lawyer", "cook"]'

it 'explains in words'
run agent-route --no-stats --lines --explain <in
expect_out_has 'lawyer, light' 'because' 'litigation'

it 'names as many alternatives as are asked for'
echo '{"prompt":"recipe, contract, code"}' >in
run agent-route --no-stats --top 1 <in
expect_json '.[0].route.alternatives | length == 1'
run agent-route --no-stats --top 0 <in
expect_json '.[0].route.alternatives == []'

it 'gives the same for the same'
run agent-route --no-stats <in
cp "$T_DIR/out" once
run agent-route --no-stats <in
cmp -s once "$T_DIR/out" || fail 'differs'

it 'says where there are no agents'
mkdir empty
run agent-route -C empty -a nowhere.yaml <in
expect_status 66
cd empty && mv ../agents.yaml ../a.yaml
run agent-route <../in
expect_status 66
expect_err_has 'no agents.yaml'
run agent-route -a ../a.yaml --no-stats <../in
expect_status 0
cd .. && mv a.yaml agents.yaml

it 'ends with 74 on a full disk'
run sh -c 'agent-route --no-stats <in >/dev/full'
expect_status 74

it 'ends quietly when nobody reads'
perl -e 'print "{\"prompt\":\"sue\"}\n" x 20000' >in
run sh -c 'agent-route --no-stats <in | head -n 1 >first'
expect_status 0
expect_err ''

it 'works without an environment'
head -n 1 in >one
run env -i "$(command -v agent-route)" --no-stats <one
expect_status 0
run env -i "$(command -v agent-route)" <one
expect_status 0

done_testing
