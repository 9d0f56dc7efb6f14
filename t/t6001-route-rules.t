#!/bin/sh
# agent-route: rules, confidence, conversations.
. "${0%/*}/lib.sh"

cat >agents.yaml <<'EOF'
agents:
  - {id: cook, description: "Kitchen, recipes and menus."}
  - {id: lawyer, description: "Contracts and lawsuits."}
  - {id: coder, description: "Writes and mends code."}
EOF

# route PROMPT: one task through the rules on stdin.
route() {
	cat >route.yaml
	printf '{"id":"1","prompt":"%s","n":7}\n' "$1" >in
	run agent-route --no-stats <in
}

it 'applies first rules, a later one over an earlier'
route 'a recipe' <<'EOF'
rules:
  first:
    - {when: '.prompt | test("recipe")', agent: lawyer, class: heavy}
    - {name: seven, when: '.n == 7 # lucky', agent: coder, priority: critical}
    - {when: '.n == 8', agent: cook}
EOF
expect_status 0
expect_json '.[0].route | .agent == "coder" and .class == "heavy" and
	.priority == "critical" and .confidence == 1 and
	(.why | index("rule: seven"))'

it 'ends a list at a rule that says so'
route 'a recipe' <<'EOF'
rules:
  first:
    - {agent: lawyer, stop: true}
    - {agent: coder}
EOF
expect_json '.[0].route.agent == "lawyer"'

it 'applies last rules to what was decided'
route 'a recipe' <<'EOF'
rules:
  last:
    - {when: '.route.agent == "cook" and .route.confidence > 0.5', agent: coder}
EOF
expect_json '.[0].route.agent == "coder"'

it 'takes a condition that fails, or gives nothing, for false'
route 'a recipe' <<'EOF'
rules:
  first:
    - {when: '.n | test("x")', agent: lawyer}
    - {when: 'empty', agent: lawyer}
    - {when: '.prompt', class: heavy}
EOF
expect_status 0
expect_json '.[0].route | .agent == "cook" and .class == "heavy"'

it 'says where a condition is wrong'
route x <<'EOF'
rules:
  first:
    - {when: '.n == 1', agent: cook}
    - {when: '.n ==', agent: cook}
EOF
expect_status 78
expect_err_has 'route.yaml:4:' 'syntax error'
expect_out ''

it 'refuses unknown agents, keys and shares'
route x <<'EOF'
rules: {first: [{agent: nobody}]}
EOF
expect_status 78
expect_err_has "route.yaml:1:" "no agent 'nobody'"
route x <<'EOF'
objectiv: best
EOF
expect_status 78
expect_err_has "did you mean 'objective'"
route x <<'EOF'
confidence: 2
EOF
expect_status 78

it 'keeps the environment from conditions'
SECRET=s3cret
export SECRET
route x <<'EOF'
rules: {first: [{when: 'env.SECRET == "s3cret" or $ENV.SECRET == "s3cret"', agent: coder, class: heavy}]}
EOF
expect_json '.[0].route.class == "light"'

it 'sends what is below the confidence to the default'
route 'zzz' <<'EOF'
default: coder
below: default
EOF
expect_json '.[0].route | .agent == "coder" and .gate == null'

it 'or to a person'
route 'zzz' <<'EOF'
below: gate
EOF
expect_json '.[0].route.gate == true'

it 'keeps a conversation together, also across processes'
printf 'sticky: data.talk\n' >route.yaml
printf '{"id":"%s","data":{"talk":"t1","prompt":"%s"}}\n' a 'a recipe' b 'sue them' >in
run agent-route <in
expect_json 'map(.route.agent) == ["cook", "cook"]'
printf '{"id":"c","data":{"talk":"t1","prompt":"sue them"}}\n{"id":"d","data":{"talk":"t2","prompt":"sue them"}}\n' >in
run agent-route <in
expect_json 'map(.route.agent) == ["cook", "lawyer"]'

it 'takes rules from another file'
printf 'rules: {first: [{agent: coder}]}\n' >other.yaml
run agent-route --no-stats -r other.yaml <in
expect_json 'all(.[]; .route.agent == "coder")'
run agent-route --no-stats -r missing.yaml <in
expect_status 66

done_testing
