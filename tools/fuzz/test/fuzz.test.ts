import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { runProgram } from "../../../test/helpers/processes.ts";
import { faultOf, fuzzProtocol } from "../src/fuzz.ts";
import { form, type NextRequest } from "../src/template.ts";
import type { FuzzedApp } from "../src/world.ts";

const fuzz = (...words: string[]) => runProgram("tools/fuzz/src/main.ts", words, {});

describe("the fuzzer", () => {
  it("finds nothing in a short round of each protocol, and prints the seed", async function () {
    this.timeout(240_000);
    const program = fuzz("--seed", "1", "--requests", "40");
    assert.equal(await program.ended, 0, program.stdout() + program.stderr());
    const [seed, ...lines] = program.stdout().trim().split("\n");
    assert.equal(seed, "seed 1");
    assert.deepEqual(
      lines.map((line) => line.slice(0, line.indexOf(" requests"))),
      [
        "scim: 40",
        "saml: 40", // SAML
        ...["oidc: 40", "oauth: 40", "api: 40", "ssf: 40", "console: 40"],
      ],
    );
    // Requests have to reach handlers, or they test nothing.
    for (const line of lines) assert.match(line, /faults 0 \(.*\b(200|201|202|204|302|303): \d/, line);
  });

  it("explains the options after a wrong one", async () => {
    const program = fuzz("--only", "smtp");
    assert.equal(await program.ended, 2);
    assert.match(program.stderr(), /there is no protocol "smtp".*npm run fuzz -- \[--seed n\]/s);
  });

  describe("with a fault in the application", () => {
    const server = createServer((req, res) => {
      let body = "";
      req.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      req.on("end", () => res.writeHead(body.includes("%5b%5d") ? 500 : 200).end());
    });
    const next: NextRequest = () =>
      Promise.resolve({ method: "POST", path: "/", query: [], headers: {}, body: form({ role: "admin" }) });
    const provider = { calls: [], requests: [] };
    const renew = () => Promise.resolve();
    let world: FuzzedApp;
    before(async () => {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      world = {
        port: (server.address() as AddressInfo).port,
        errors: [],
        provider,
        renew,
      } as unknown as FuzzedApp;
    });
    after(() => void server.close());

    it("shows it with one mutation, and repeats it by its number", async function () {
      this.timeout(30_000);
      const { faults } = await fuzzProtocol(world, "oauth", { seed: 1, requests: 400, request: null }, next);
      assert.ok(faults.length > 0);
      for (const { what, mutations } of faults) assert.deepEqual([what, mutations], ["500", ["body"]]);
      const { index = 0, request } = faults[0] ?? {};
      const again = await fuzzProtocol(world, "oauth", { seed: 1, requests: 400, request: index }, next);
      assert.deepEqual(
        again.faults.map((fault) => fault.request),
        [request],
      );
    });
  });

  it("accepts a 503 that says when to come back, and pages for people", () => {
    const request = { method: "GET", target: "/account", headers: {}, body: null };
    const answer = {
      status: 200,
      type: "text/html",
      text: "<!doctype html>",
      retryAfter: null,
      failure: null,
    };
    assert.equal(faultOf(request, answer), null);
    assert.equal(faultOf({ ...request, target: "/scim/v2/Users" }, answer), "HTML to a program");
    assert.equal(faultOf(request, { ...answer, status: 503 }), "503");
    assert.equal(faultOf(request, { ...answer, status: 503, retryAfter: "30" }), null);
    assert.equal(faultOf(request, { ...answer, failure: "ECONNREFUSED" }), "ECONNREFUSED");
  });
});
