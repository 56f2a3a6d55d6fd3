import assert from "node:assert/strict";
import { scimSteps } from "oin-kit/check/scim/steps";
import { inAnswers, inJson, inRequests, scimError } from "../../helpers/check-faults.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import { useReadyDeployment } from "../../helpers/readiness.ts";
import { oktaUser, scimClient } from "../../helpers/scim.ts";

const users = /^\/scim\/v2\/Users/;
const anyKind = /^\/scim\/v2\/(Users|Groups)/;

describe("oin:check removes its test data", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);

  const everyone = async () => {
    const { body } = await scimClient(ready().app, ready().token).get("/Users");
    return body.Resources.map(({ userName }: { userName: string }) => userName) as string[];
  };
  /** All steps but the crowds, which one test below covers. */
  const check = () => ready().checkScim(...scimSteps.filter((step) => !step.endsWith("crowd")));
  const leftBehind = async () => (await everyone()).filter((name) => name.startsWith("Oincheck"));

  it("if no response to a POST arrives", async () => {
    ready().front.plant(
      inAnswers("POST", users, () => {
        throw new Error("the connection breaks after the person was created");
      }),
    );
    const { results, left } = await check();
    assert.equal(results.find(({ rule }) => rule === "scim-reachable")?.verdict, "fail");
    assert.deepEqual([await leftBehind(), left], [[], []]);
  });

  it("or says that some may be left, if the server dies after a POST", async () => {
    let dead = false;
    ready().front.plant({
      answer({ method, path }) {
        dead ||= method === "POST" && users.test(path);
        if (dead) throw new Error("the server is gone");
      },
    });
    const { left } = await check();
    assert.deepEqual([...new Set(left.map(({ id }) => id))], ["unknown"]);
    assert.match(left.map(({ why }) => why).join(), /others may be left, with names like Oincheck/);
    ready().front.plant(null);
    const client = scimClient(ready().app, ready().token);
    const { body } = await client.get("/Users");
    for (const { id, userName } of body.Resources as { id: string; userName: string }[])
      if (userName.startsWith("Oincheck")) await client.send("DELETE", `/Users/${id}`);
  });

  it("if responses contain no ids", async () => {
    ready().front.plant(inJson("POST", anyKind, (body) => delete body.id));
    await check();
    assert.deepEqual(await leftBehind(), []);
  });

  it("if it is stopped at any request, and reports that", async () => {
    for (const requests of [3, 25, 60, 150, 400]) {
      const stop = new AbortController();
      let count = 0;
      ready().front.plant({
        request() {
          count += 1;
          if (count === requests) stop.abort();
          return undefined;
        },
      });
      const outcome = await ready().check({ areas: ["scim"] }, { interrupt: stop.signal });
      assert.equal(outcome.stopped, true);
      assert.ok(outcome.results.some(({ seen }) => seen === "the check was stopped"));
      assert.deepEqual([await leftBehind(), outcome.left], [[], []], `stopped at request ${requests}`);
    }
  });

  it("or deactivates people on a server without DELETE, and reports them", async () => {
    ready().front.plant(inRequests("DELETE", users, () => scimError(501)));
    const { left } = await check();
    assert.equal(left.length, 6);
    for (const { kind, why } of left) {
      assert.equal(kind, "user");
      assert.match(why, /501.*deactivated/);
    }
    ready().front.plant(null);
    const client = scimClient(ready().app, ready().token);
    for (const { id } of left) {
      assert.equal((await client.get(`/Users/${id}`)).body.active, false);
      await client.send("DELETE", `/Users/${id}`);
    }
  });

  describe("and no other data", () => {
    it("if a server ignores filters", async () => {
      await scimClient(ready().app, ready().token).send("POST", "/Users", oktaUser("grace@acme.example"));
      const before = await everyone();
      ready().front.plant(
        inRequests("GET", anyKind, (exchange) => {
          exchange.path = exchange.path.replace(/filter=[^&]*&?/, "");
          return undefined;
        }),
      );
      await check();
      assert.deepEqual(await everyone(), before);
    });

    it("if a server answers a POST with another person", async () => {
      const before = await everyone();
      const client = scimClient(ready().app, ready().token);
      const other = (await client.find('userName eq "ada@acme.example"')).body.Resources[0];
      ready().front.plant(
        inAnswers("POST", users, (exchange) => {
          if (exchange.status === 201) exchange.body = JSON.stringify(other);
        }),
      );
      await check();
      assert.deepEqual(await everyone(), before);
      const after = (await client.get(`/Users/${other.id}`)).body;
      assert.deepEqual([after.active, after.name], [other.active, other.name]);
    });

    it("if an id would change the path", async () => {
      ready().front.plant(inJson("POST", anyKind, (body) => Object.assign(body, { id: ".." })));
      await check();
      const paths = ready().front.seen.map(({ path }) => path);
      assert.ok(!paths.includes("/scim/v2/") && !paths.includes("/scim/"), "no request left the collection");
      assert.deepEqual(await leftBehind(), []);
    });
  });

  it("and shows neither the token nor control characters that a server sends", async () => {
    ready().front.plant(
      inJson("POST", users, (body) => {
        if (body.schemas?.[0]?.endsWith(":User")) body.id = `\u001b[2J${ready().token}bulkId`;
      }),
    );
    const { results } = await check();
    assert.equal(results.find(({ rule }) => rule === "scim-id")?.seen, "id is  [2J[token]bulkId");
    assert.ok(!JSON.stringify(results).includes(ready().token));
  });
});
