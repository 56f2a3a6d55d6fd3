import assert from "node:assert/strict";
import type { TenantStore } from "../../../src/store/tenant-store.ts";
import { runProgram } from "../../../test/helpers/processes.ts";
import type { PlannedFault } from "../src/fault.ts";
import { openLedger, versionName } from "../src/ledger.ts";
import { type LoadKind, outcomeOf } from "../src/load.ts";
import { readOptions } from "../src/options.ts";
import { problemsOf, type Row } from "../src/report.ts";

const faultNamed = (name: string): PlannedFault => readOptions(["--only", name]).only[0] as PlannedFault;

/** A row of a run in which all went well. */
function goodRow(name: string, more: Partial<Row> = {}): Row {
  return {
    fault: faultNamed(name),
    engine: "SQLite",
    counts: new Map([["SCIM", new Map([["ok", 9]])]]),
    requests: 9,
    surprises: [],
    errors: [],
    compared: { acknowledged: 9, lost: [], unanswered: 1, denied: [] },
    sessionsLost: 0,
    recoverySeconds: 1,
    hasCrashed: false,
    ...more,
  };
}

const counted = (kind: LoadKind, outcome: string): Row["counts"] =>
  new Map([[kind, new Map([[outcome, 1]])]]);

describe("npm run faults", () => {
  it("kills the application under load and finds every acknowledged write", async function () {
    // A server takes 20 seconds to start on a busy machine, and starts twice.
    this.timeout(240_000);
    const words = ["--only", "kill-app", "--engine", "sqlite", "--seconds", "1"];
    const program = runProgram("tools/faults/src/main.ts", words, {});
    assert.equal(await program.ended, 0, program.stdout() + program.stderr());
    const [, , line = ""] = program.stdout().split("\n");
    const [fault, engine, requests, scim, pages, agents, , , acknowledged, lost] = line.split(" | ");
    assert.deepEqual([fault, engine, lost], ["| kill-app", "SQLite", "0"]);
    assert.ok(Number(requests) > 20 && Number(acknowledged) > 0, line);
    for (const cell of [scim, pages, agents]) assert.match(cell ?? "", /^ok: \d+.*(refused|cut): \d+/);
  });

  const bad: [string, Row][] = [
    ["a lost write", goodRow("kill-app", { compared: { ...goodRow("kill-app").compared, lost: ["x"] } })],
    [
      "a write that its client was told did not happen",
      goodRow("locked", { compared: { ...goodRow("locked").compared, denied: ["x"] } }),
    ],
    ["a lost session", goodRow("kill-app", { sessionsLost: 1 })],
    ["no recovery", goodRow("kill-app", { recoverySeconds: null })],
    ["a crash", goodRow("locked", { hasCrashed: true })],
    ["a 500", goodRow("disk-full", { counts: counted("SCIM", "500") })],
    ["HTML for a program", goodRow("disk-full", { counts: counted("agents", "HTML") })],
    [
      "a refused request in a rolling restart",
      goodRow("rolling-restart", { counts: counted("pages", "refused") }),
    ],
    [
      "an expired token of another client than an agent",
      goodRow("clock-forward", { counts: counted("SCIM", "401") }),
    ],
  ];
  for (const [what, row] of bad) {
    it(`fails for ${what}`, () => {
      assert.equal(problemsOf(row).length, 1);
    });
  }

  it("refuses faults that do not concern the engine, because a run of nothing says nothing", () => {
    const words = ["--only", "provider-slow", "--engine"];
    assert.throws(() => readOptions([...words, "postgresql"]), /"provider-slow" concerns SQLite only/);
    assert.equal(readOptions([...words, "sqlite"]).only.length, 1);
  });

  it("accepts what a fault explains", () => {
    assert.deepEqual(problemsOf(goodRow("disk-full", { counts: counted("SCIM", "503") })), []);
    assert.deepEqual(problemsOf(goodRow("clock-forward", { counts: counted("agents", "401") })), []);
    const inDoubt = { ...goodRow("locked").compared, denied: ["x"] };
    assert.deepEqual(problemsOf(goodRow("stalled", { engine: "PostgreSQL", compared: inDoubt })), []);
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
    for (const path of ["/there", "/missing"]) ledger.posted(path);
    const stored = { kept: "", cut: "", denied: "", renamed: versionName(3), older: versionName(1) };
    const people = Object.entries(stored).map(([loginName, displayName]) => ({ loginName, displayName }));
    const users = { count: async () => people.length, page: async () => people };
    const store = { users } as unknown as TenantStore;
    assert.deepEqual(await ledger.compare(store, async (path) => path === "/there"), {
      acknowledged: 8,
      lost: ["lost", "older: Version 2", "/missing"],
      unanswered: 2,
      denied: ["denied (503)"],
    });
  });
});
