#!/bin/sh
# agent-budget: what it sets, shows and refuses.
# shellcheck disable=SC2016	# the dollars are meant
. "${0%/*}/lib.sh"

mkdir -p "$HOME/.config/agent"
cat >"$HOME/.config/agent/prices.yaml" <<-'EOF'
	prices:
	- { model: "m/*", input: 1, output: 10 }
EOF

it 'shows nothing where nothing is'
run agent-budget
expect_status 0
expect_out 'no caps are set

no calls today'

it 'sets caps of every kind and shows them'
for limit in '$5/day' '0.50usd/week all' '200k tokens/hour pool=ci' \
	'60 requests/minute model=groq/*' '1req/month run=*' "2Mtok dir=."; do
	what=${limit##* }
	case $what in
	*=* | all) limit=${limit% *} ;;
	*) what=all ;;
	esac
	run agent-budget set "$limit" "$what"
	expect_status 0
	expect_err ''
done
run agent-budget --json
expect_json '.[0].caps | length == 6'
expect_json '.[0].caps | map(select(.unit == "usd" and .per == "day"))
	== [{scope: "all", unit: "usd", per: "day", amount: 5, spent: 0,
	leased: 0, until: .[0].until}]'
expect_json '.[0].caps | any(.scope == "pool" and .amount == 200000
	and .per == "hour")'
expect_json '.[0].caps | any(.scope == "dir" and .amount == 2000000
	and .per == "ever" and .name == "'"$PWD"'")'
run agent-budget
expect_out_has 'model groq/*' '$5.00' 'requests/minute'

it 'changes a cap'
run agent-budget set '$7/day'
run agent-budget --json
expect_json '.[0].caps | length == 6 and any(.amount == 7)'

it 'takes caps away'
run agent-budget unset usd/day
expect_status 0
run agent-budget unset usd/week
run agent-budget unset tokens/hour pool=ci
run agent-budget unset tokens dir=.
run agent-budget --json
expect_json '.[0].caps | length == 2'
run agent-budget unset usd/day
expect_status 66
expect_err 'agent-budget: there is no such cap'

for bad in 5 5eur usd '$/day' '$5/year' '-1usd' '$5/m' '5 tok/' '1e30usd' \
	'$5usd'; do
	it "refuses '$bad' as a limit"
	run agent-budget set -- "$bad"
	expect_status 2
	expect_err_has "'$bad' is no limit"
done

it 'refuses what it does not know'
run agent-budget set 1usd thing=x
expect_status 2
run agent-budget set 1usd dir=/no/such/dir
expect_status 66
run agent-budget set 1usd model=
expect_status 2
run agent-budget bogus
expect_status 2
run agent-budget pool x 101%
expect_status 2
run agent-budget pool x 10% nowhere
expect_status 2
expect_err_has "no pool 'nowhere'"

it 'checks whether a model may be asked'
run agent-budget check m/x
expect_status 0
run agent-budget set 0requests/day model=m/x
run agent-budget check m/x
expect_status 5
expect_err_has "for 'm/x' is used up: 0 requests spent"
run agent-budget check m/y
expect_status 0
run agent-budget --json
expect_json '.[0].caps | all(.leased == 0 and .spent == 0)'

it 'refuses a cap in money for what has no price'
run agent-budget set 1usd
run agent-budget check unknown/x
expect_status 78
expect_err_has "price of 'unknown/x' is not known"
run agent-budget check m/y
expect_status 0

it 'knows prices, the own before those installed'
run agent-budget price m/anything
expect_out '1	10'
run agent-budget --json price openai/gpt-5-mini
expect_json '.[0] == {input: 0.25, output: 2}'
run agent-budget price nobody/nothing
expect_status 1
cat >"$HOME/.config/agent/prices.yaml" <<-'EOF'
	prices:
	- { model: "openai/*", input: 3, output: 4 }
EOF
run agent-budget price openai/gpt-5-mini
expect_out '3	4'

it 'says where a price list is wrong'
echo 'prices: [{ model: "a/*", input: 1, output: 2, cach: 3 }]' \
	>"$HOME/.config/agent/prices.yaml"
run agent-budget price a/x
expect_status 78
expect_err_has 'prices.yaml:1:' "unknown key 'cach'"

it 'has views that sqlite3 reads'
for view in calls spending performances tasks task_cost; do
	run sqlite3 "$HOME/.local/state/agent/ledger.db" \
		"select count(*) from $view"
	expect_out 0
done

it 'keeps the ledger private'
run stat -c %a "$HOME/.local/state/agent/ledger.db"
expect_out 600

it 'fails on a full disk'
run sh -c 'agent-budget --json >/dev/full'
expect_status 74

done_testing
