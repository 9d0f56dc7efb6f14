"""An editor that speaks ACP, for tests: editor STEP...

A step is VERB or VERB:WORDS.  `new` and `load` get a session, `say` prompts,
`hang` prompts and cancels when the model has it, `answer` sets what questions
are answered with from then on.  What was said goes to ./said, as acp-check
reads it.
"""

import json, os, subprocess, sys, time
log = open("said", "w"); n = 0; answer = "approve"; session = None
p = subprocess.Popen(["agent-spawn", "--serve", "acp"], stdin=subprocess.PIPE,
    stdout=subprocess.PIPE, text=True)
def gate(*words):
    return subprocess.run(("agent-gate",) + words, capture_output=True).stdout
def note(to, m): print(json.dumps({"to": to, "message": m}), file=log, flush=True)
def send(m):
    m["jsonrpc"] = "2.0"; note("agent", m); print(json.dumps(m), file=p.stdin, flush=True)
def ask(method, **params):
    global n; n += 1
    send({"id": n, "method": method, "params": params})
    while True:
        line = p.stdout.readline()
        if not line: sys.exit("the agent has gone")
        m = json.loads(line); note("client", m)
        if m.get("method") == "session/request_permission" and answer == "gate":
            while not gate("list", "--json"): pass
            gate("answer", "--all", "approve")
        elif m.get("method") == "session/request_permission" and answer == "cancel":
            send({"method": "session/cancel", "params": {"sessionId": session}})
        elif m.get("method") == "session/request_permission":
            send({"id": m["id"], "result": {
                "outcome": {"outcome": "selected", "optionId": answer}}})
        elif "method" not in m and m["id"] == n: return m["error"] if "error" in m else m["result"]
def prompt(text): return ask("session/prompt", sessionId=session, prompt=[{"type": "text", "text": text}])
print(ask("initialize", protocolVersion=1, clientCapabilities={})["protocolVersion"])
for step in sys.argv[1:]:
    verb, _, rest = step.partition(":")
    if verb == "new":
        session = ask("session/new", cwd=os.getcwd(), mcpServers=[
            {"name": name, "type": "http", "url": "http://x", "headers": []}
            if name.startswith("web") else
            {"name": name, "command": os.getcwd() + "/server.py", "args": [],
             "env": [{"name": "TOKEN", "value": "${x}"}]}
            for name in rest.split(",") if name])["sessionId"]
        open("session", "w").write(session)
    elif verb == "load":
        session = rest or open("session").read()
        print(list(ask("session/load", sessionId=session, cwd=os.getcwd(), mcpServers=[])))
    elif verb == "mode": print(ask("session/set_mode", sessionId=session, modeId=rest))
    elif verb == "answer": answer = rest
    elif verb == "link":
        print(ask("session/prompt", sessionId=session, prompt=[
            {"type": "text", "text": "see"},
            {"type": "resource", "resource": {"uri": "file:///x", "text": "within"}},
            {"type": "resource_link", "name": "y", "uri": "file:///y"}]))
    elif verb == "hang":
        send({"id": 99, "method": "session/prompt", "params": {
            "sessionId": session, "prompt": [{"type": "text", "text": rest}]}})
        while not "stay mute" in open(os.environ["MODEL_LOG"]).read(): time.sleep(0.01)
        send({"method": "session/cancel", "params": {"sessionId": session}})
        m = json.loads(p.stdout.readline()); note("client", m); print(m["id"], m["result"])
    else: print(prompt(rest))
p.stdin.close(); print("exit", p.wait(20))
