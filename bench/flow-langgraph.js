// flow-langgraph: a graph of N trivial tasks in LangGraph with a durable
// checkpointer, two at once: what bench/flow is compared with.  Prints
// milliseconds.
//	usage: node flow-langgraph.js DIR N
// DIR has node_modules with @langchain/langgraph and
// @langchain/langgraph-checkpoint-sqlite.
const path = require('path');
const load = require('module').createRequire(path.resolve(process.argv[2], 'x'));
const { StateGraph, Annotation, START } = load('@langchain/langgraph');
const { SqliteSaver } = load('@langchain/langgraph-checkpoint-sqlite');
const { execFile } = require('child_process');

const n = Number(process.argv[3]);
const state = Annotation.Root({
	done: Annotation({ reducer: (a, b) => a.concat(b), default: () => [] }),
});
let graph = new StateGraph(state);
for (let i = 0; i < n; i++) {
	graph = graph.addNode(`t${i}`, () => new Promise((resolve, reject) =>
		execFile('true', (e) => e ? reject(e) : resolve({ done: [i] }))));
	graph.addEdge(START, `t${i}`);
}
const saver = SqliteSaver.fromConnString('langgraph.db');
const app = graph.compile({ checkpointer: saver });
const begin = Date.now();
app.invoke({ done: [] }, { configurable: { thread_id: '1' },
	durability: 'sync', maxConcurrency: 2, recursionLimit: n + 10 })
	.then((r) => {
		if (r.done.length !== n) throw new Error('not all done');
		console.log(Date.now() - begin);
	});
