import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { TenantStore } from "../../../src/store/tenant-store.ts";
import type { Engine } from "../../../test/helpers/databases.ts";
import { runProgram } from "../../../test/helpers/processes.ts";
import { openCleanUp } from "../src/clean-up.ts";
import type { PlannedFault } from "../src/fault.ts";
import { isExplained } from "../src/faults.ts";
import { openLedger, versionName } from "../src/ledger.ts";
import {
  type LoadAnswer,
  type LoadClient,
  type LoadKind,
  outcomeOf,
  type SendRequest,
  startLoad,
  type Tally,
} from "../src/load.ts";
import { readOptions } from "../src/options.ts";
import { newCourse, phaseOf } from "../src/phases.ts";
import { problemsOf, type Row } from "../src/report.ts";
import { hasEnded } from "../src/world.ts";

const faultNamed = (name: string): PlannedFault => readOptions(["--only", name]).only[0] as PlannedFault;

const tally = (kind: LoadKind, outcome: string, more: Partial<Tally> = {}): Tally => ({
  kind,
  outcome,
  purpose: "read",
  phase: "partly",
  count: 1,
  ...more,
});

/** The row that each fault with an effect leaves behind. */
const effects: Record<string, Partial<Row>> = {
  "kill-app": { tallies: [tally("SCIM", "ok"), tally("pages", "refused")] },
  "disk-full": { tallies: [tally("pages", "503", { purpose: "write" })] },
  locked: { tallies: [tally("SCIM", "503")] },
  stalled: { tallies: [tally("SCIM", "503")] },
  "rolling-restart": { wasFelt: true },
  "clock-forward": { tallies: [tally("agents", "401")] },
  "provider-wrong-keys": { tallies: [tally("sign-in", "403")] },
};

/** A row of a run in which all went well. */
function goodRow(name: string, more: Partial<Row> = {}): Row {
  return {
    fault: faultNamed(name),
    engine: "SQLite",
    tallies: [tally("SCIM", "ok")],
    wasFelt: null,
    surprises: [],
    errors: [],
    compared: { acknowledged: 9, lost: [], unanswered: 1, denied: [] },
    sessionsLost: 0,
    recoverySeconds: 1,
    hasCrashed: false,
    ...effects[name],
    ...more,
  };
}

/** The same, and one more answer. */
function rowWith(name: string, kind: LoadKind, outcome: string, more: Partial<Tally> = {}): Row {
  const row = goodRow(name);
  return { ...row, tallies: [...row.tallies, tally(kind, outcome, more)] };
}

const deniedOn = (name: string, engine: Engine): Row =>
  goodRow(name, { engine, compared: { ...goodRow(name).compared, denied: ["x"] } });

/** @param status null for no answer. */
async function startSite(status: (req: IncomingMessage) => number | null) {
  const server = createServer((req, res) => {
    const given = status(req);
    if (given !== null) res.writeHead(given, { "retry-after": "30" }).end("not JSON");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("npm run faults", () => {
  it("kills the application under load and finds every acknowledged write", async function () {
    // A server takes 20 seconds to start on a busy machine, and starts twice.
    this.timeout(240_000);
    const words = ["--only", "kill-app", "--engine", "sqlite", "--seconds", "1"];
    const program = runProgram("tools/faults/src/main.ts", words, {});
    assert.equal(await program.ended, 0, program.stdout() + program.stderr());
    const [, , line = ""] = program.stdout().split("\n");
    const [fault, engine, requests, scim, pages, api, agents, , , acknowledged, lost] = line.split(" | ");
    assert.deepEqual([fault, engine, lost], ["| kill-app", "SQLite", "0"]);
    assert.ok(Number(requests) > 20 && Number(acknowledged) > 0, line);
    for (const cell of [scim, pages, api, agents]) assert.match(cell ?? "", /^ok: \d+.*(refused|cut): \d+/);
  });

  const bad: [string, Row][] = [
    ["a lost write", goodRow("kill-app", { compared: { ...goodRow("kill-app").compared, lost: ["x"] } })],
    ["a write that its client was told did not happen", deniedOn("locked", "SQLite")],
    ["the same on PostgreSQL, if the fault cuts no commit", deniedOn("locked", "PostgreSQL")],
    ["a lost session", goodRow("kill-app", { sessionsLost: 1 })],
    ["no recovery", goodRow("kill-app", { recoverySeconds: null })],
    ["a crash", goodRow("locked", { hasCrashed: true })],
    ["a 500", rowWith("disk-full", "SCIM", "500")],
    ["HTML for a program", rowWith("disk-full", "API", "HTML")],
    ["a refused request in a rolling restart", rowWith("rolling-restart", "pages", "refused")],
    ["an expired token of another client than an agent", rowWith("clock-forward", "SCIM", "401")],
    ["an API key that does not outlive an hour", rowWith("clock-forward", "API", "401")],
    ["a planned answer before the fault", rowWith("disk-full", "SCIM", "503", { phase: "before" })],
    ["a planned answer after the recovery", rowWith("disk-full", "SCIM", "503", { phase: "after" })],
    ["a fault without effect", goodRow("kill-app", { tallies: [tally("SCIM", "ok")] })],
    ["a disk on which one can write", goodRow("disk-full", { tallies: [tally("SCIM", "503")] })],
    [
      "a read-only disk on which one can write",
      goodRow("read-only", { tallies: [tally("SCIM", "refused", { purpose: "write" })] }),
    ],
    ["a restart that did not happen", goodRow("rolling-restart", { wasFelt: false })],
    [
      "a sign-in without the provider's keys",
      rowWith("provider-wrong-keys", "sign-in", "ok", { purpose: "identity", phase: "in force" }),
    ],
    [
      "a logout without the provider's keys",
      rowWith("provider-wrong-keys", "logout", "ok", { purpose: "identity", phase: "in force" }),
    ],
  ];
  it("accepts that an agent's token has ended with the hour that passed", () => {
    assert.deepEqual(problemsOf(rowWith("clock-forward", "agents", "401", { phase: "after" })), []);
  });

  for (const [what, row] of bad) {
    it(`fails for ${what}`, () => {
      assert.equal(problemsOf(row).length, 1, problemsOf(row).join("\n"));
    });
  }

  it("refuses faults that do not concern the engine, because a run of nothing says nothing", () => {
    const words = ["--only", "provider-slow", "--engine"];
    assert.throws(() => readOptions([...words, "postgresql"]), /"provider-slow" concerns SQLite only/);
    assert.equal(readOptions([...words, "sqlite"]).only.length, 1);
  });

  it("accepts what a fault explains", () => {
    for (const name of Object.keys(effects)) assert.deepEqual(problemsOf(goodRow(name)), [], name);
    assert.deepEqual(problemsOf(deniedOn("stalled", "PostgreSQL")), []);
    // Its keys were there for a part of the request.
    assert.deepEqual(problemsOf(rowWith("provider-wrong-keys", "logout", "ok", { purpose: "identity" })), []);
  });

  it("needs a sign of each fault that explains no answer", () => {
    for (const { name, planned, isFelt } of readOptions([]).only)
      assert.ok(planned.length > 0 || isFelt, name);
  });

  it("knows which requests a fault may have met", () => {
    const course = { begun: 10, complete: 20, mending: 30, over: 40 };
    const phase = (turn: number, sent: number, answered: number) => phaseOf(course, { turn, sent, answered });
    assert.equal(phase(1, 2, 9), "before");
    assert.equal(phase(1, 9, 11), "partly");
    assert.equal(phase(19, 21, 22), "partly");
    assert.equal(phase(21, 22, 29), "in force");
    assert.equal(phase(21, 22, 31), "partly");
    assert.equal(phase(38, 39, 50), "partly");
    assert.equal(phase(39, 41, 50), "after");
    assert.equal(phaseOf(newCourse(), { turn: 1, sent: 2, answered: 3 }), "before");
  });

  it("waits until each client is served, also in its writes", async () => {
    let writes = 503;
    const site = await startSite(({ method }) => (method === "GET" ? 200 : writes));
    const path = "/";
    const clients: LoadClient[] = [
      { kind: "SCIM", pauseMs: 1, turn: async (send) => void (await send({ method: "GET", path }, 200)) },
      {
        kind: "API",
        pauseMs: 1,
        async turn(send) {
          await send({ method: "GET", path }, 200);
          await send({ method: "POST", path, purpose: "write" }, 200);
        },
      },
    ];
    const interrupt = new AbortController();
    const load = startLoad(site.origin, clients, { isExplained: () => true, signal: interrupt.signal });
    try {
      let isOver = false;
      const recovered = load.recovered().then((seconds) => {
        isOver = true;
        return seconds;
      });
      await sleep(400);
      assert.equal(isOver, false);
      assert.ok((await load.recovered("API")) !== null, "no one else is waited for");
      writes = 200;
      assert.ok((await recovered) !== null);
      assert.ok(load.course.over < Number.POSITIVE_INFINITY);
    } finally {
      await load.stop();
      await site.close();
    }
  });

  it("counts a client that cannot use its answer as a surprise", async () => {
    const site = await startSite(() => 200);
    const turn = async (send: SendRequest) => {
      const { answer } = await send({ method: "GET", path: "/" }, 200);
      JSON.parse(answer?.text ?? "");
    };
    const { signal } = new AbortController();
    const isOk = ({ outcome }: LoadAnswer) => outcome === "ok";
    const load = startLoad(site.origin, [{ kind: "API", pauseMs: 1, turn }], { isExplained: isOk, signal });
    await sleep(50);
    await load.stop();
    await site.close();
    const unusable = load.tallies().find(({ outcome }) => outcome === "unusable");
    assert.ok(unusable && !isExplained(faultNamed("disk-full"), unusable));
    assert.match(load.surprises[0] ?? "", /^API: unusable \(before\): SyntaxError/);
  });

  it("breaks off requests that no one answers", async () => {
    const site = await startSite(() => null);
    const interrupt = new AbortController();
    const turn = async (send: SendRequest) => void (await send({ method: "GET", path: "/" }, 200));
    const options = { isExplained: () => true, signal: interrupt.signal };
    const load = startLoad(site.origin, [{ kind: "API", pauseMs: 1, turn }], options);
    const recovered = assert.rejects(load.recovered(), { name: "AbortError" });
    await sleep(50);
    interrupt.abort();
    const from = performance.now();
    await load.stop();
    await recovered;
    assert.ok(performance.now() - from < 5_000);
    await site.close();
  });

  it("cleans up once, also for two callers", async () => {
    const cleanUp = openCleanUp();
    const done: number[] = [];
    for (const number of [1, 2])
      cleanUp.add(async () => {
        await sleep(20);
        done.push(number);
      });
    void cleanUp.run();
    await cleanUp.run();
    assert.deepEqual(done, [2, 1]);
    cleanUp.add(() => done.push(3));
    await cleanUp.run();
    assert.deepEqual(done, [2, 1, 3]);
  });

  it("sees that a signal ended a program", () => {
    assert.equal(hasEnded({ child: { exitCode: null, signalCode: null } }), false);
    assert.equal(hasEnded({ child: { exitCode: null, signalCode: "SIGSEGV" } }), true);
    assert.equal(hasEnded({ child: { exitCode: 0, signalCode: null } }), true);
  });

  it("tells the answers of an outage from those of a defect", () => {
    const answer = (status: number, headers = {}) => ({ status, headers, text: "" });
    assert.equal(outcomeOf("SCIM", answer(201), [201]), "ok");
    assert.equal(outcomeOf("SCIM", answer(503, { "retry-after": "30" }), [201]), "503");
    assert.equal(outcomeOf("SCIM", answer(503), [201]), "503 without Retry-After");
    assert.equal(
      outcomeOf("SCIM", answer(201, { "content-type": "text/html; charset=utf-8" }), [201]),
      "HTML",
    );
    assert.equal(outcomeOf("pages", answer(200, { "content-type": "text/html" }), [200]), "ok");
    assert.equal(
      outcomeOf("pages", answer(303, { location: "/login?returnTo=%2F" }), [200, 303]),
      "signed out",
    );
    assert.equal(outcomeOf("agents", "cut", [200]), "cut");
  });

  it("finds lost writes, and writes that no one acknowledged", async () => {
    const ledger = openLedger();
    for (const [name, outcome] of Object.entries({
      kept: "ok",
      lost: "ok",
      cut: "cut",
      denied: "503",
      gone: "503",
    }))
      ledger.created(name, outcome);
    for (const name of ["renamed", "older"]) {
      ledger.renamed(name, 1, "ok");
      ledger.renamed(name, 2, "ok");
      ledger.renamed(name, 3, "no answer");
    }
    const posts = { "post there": "ok", "post missing": "ok", "post denied": "503", "post gone": "503" };
    for (const [title, outcome] of Object.entries(posts)) ledger.posted(title, outcome);
    const stored = { kept: "", cut: "", denied: "", renamed: versionName(3), older: versionName(1) };
    const people = Object.entries(stored).map(([loginName, displayName]) => ({ loginName, displayName }));
    const users = { count: async () => people.length, page: async () => people };
    const store = { users } as unknown as TenantStore;
    assert.deepEqual(await ledger.compare(store, new Set(["post there", "post denied"])), {
      acknowledged: 8,
      lost: ["lost", "post missing", "older: Version 2"],
      unanswered: 2,
      denied: ["denied (503)", "post denied (503)"],
    });
  });
});
