import assert from "node:assert/strict";
import { onOneDatabase } from "../helpers/databases.ts";
import { until } from "../helpers/processes.ts";
import { recorded, startRecording } from "../helpers/recorded.ts";
import { oktaUser } from "../helpers/scim.ts";
import { type ScimTenant, useScim } from "../helpers/scim-site.ts";

describe("the inspector's message of a SCIM call", () => {
  onOneDatabase((use) => {
    const site = useScim(use);
    let tenant: ScimTenant;
    let id = "";

    before(async () => {
      tenant = await site().tenant();
      const { body } = await tenant.client.send("POST", "/Users", oktaUser("ada@acme.example"));
      id = String(body.id);
      await startRecording(tenant.store);
    });

    const one = async () => (await recorded(tenant.store, 1))[0] ?? assert.fail();

    it("has the request, the answer, the check of the token, the user, and the source file", async () => {
      const answer = await tenant.client.send(
        "POST",
        "/Users",
        oktaUser("grace@acme.example", { externalId: "00u7" }),
      );
      const message = await one();
      assert.deepEqual(
        { ...message, at: 0, ms: 0, seq: 0, requestId: "", request: null, response: null, checks: [] },
        {
          at: 0,
          ms: 0,
          flow: message.seq,
          flowKind: "provisioning",
          method: "POST",
          code: 201,
          route: { from: "okta", to: "product", carried: false },
          seq: 0,
          requestId: "",
          request: null,
          response: null,
          checks: [],
          protocol: "scim",
          step: "POST /Users",
          verdict: "passed",
          summary: "201 Created",
          connectionKey: null,
          person: "grace@acme.example",
          file: "src/scim/users.ts",
          handler: "scimUsers",
        },
      );
      assert.equal(message.requestId, answer.headers.get("x-request-id"));
      assert.deepEqual(message.response?.json, answer.body);
      assert.deepEqual(message.request?.json, {
        ...oktaUser("grace@acme.example", { externalId: "00u7" }),
        password: "[redacted]",
      });
      assert.ok(message.request?.head.includes("Authorization: Bearer [redacted]"));
      assert.equal(message.checks[0]?.verdict, "passed");
      assert.match(message.checks[0]?.detail ?? "", /^Source default, token oinscim_....…$/);
    });

    const engine = (name: string) => `packages/scim-server/src/${name}`;
    const steps: [string, string, unknown, string, string, string][] = [
      ["GET", "/Users/{id}", undefined, "GET /Users/{id}", "200 OK", "src/scim/users.ts"],
      [
        ...(["PATCH", "/Users/{id}", { Operations: [{ op: "replace", value: { active: true } }] }] as const),
        ...(["PATCH /Users/{id}", "200 OK", engine("patch-user.ts")] as const),
      ],
      ["GET", "/Users?startIndex=1&count=2", undefined, "GET /Users", "200 OK", engine("lists.ts")],
      ["POST", "/Users/.search", {}, "POST /Users/.search", "200 OK", engine("lists.ts")],
      ["POST", "/Groups", { displayName: "Team" }, "POST /Groups", "201 Created", "src/scim/groups.ts"],
      ["POST", "/Bulk", { Operations: [] }, "POST /Bulk", "200 OK", engine("bulk.ts")],
      ["GET", "/Roles", undefined, "GET /Roles", "200 OK", engine("assignable.ts")],
      ["GET", "/Schemas", undefined, "GET /Schemas", "200 OK", engine("discovery.ts")],
    ];
    for (const [method, path, body, step, summary, file] of steps) {
      it(`is called ${step} and names ${file}`, async () => {
        const schemas =
          path === "/Bulk" ? "BulkRequest" : path.endsWith(".search") ? "SearchRequest" : "PatchOp";
        const schema =
          path === "/Groups"
            ? "urn:ietf:params:scim:schemas:core:2.0:Group"
            : `urn:ietf:params:scim:api:messages:2.0:${schemas}`;
        const sent = body === undefined ? undefined : { schemas: [schema], ...(body as object) };
        await tenant.client.send(method, path.replace("{id}", id), sent);
        const message = await one();
        assert.deepEqual([message.step, message.summary, message.file], [step, summary, file]);
      });
    }

    const failures: [string, () => Promise<unknown>, RegExp, string][] = [
      [
        "an unknown user",
        () => tenant.client.get("/Users/none"),
        /^404 Not Found: /,
        "There is such a resource in this tenant",
      ],
      [
        "a name that is taken",
        () => tenant.client.send("POST", "/Users", oktaUser("ada@acme.example")),
        /^409 Conflict: /,
        "No other resource has these values",
      ],
      [
        "a filter that breaks the grammar",
        () => tenant.client.find("userName eq"),
        /^400 Bad Request: /,
        "The request is what RFC 7644 describes",
      ],
      [
        "a body that is not JSON",
        () => tenant.client.send("POST", "/Users", "{"),
        /^400 Bad Request: /,
        "The request is what RFC 7644 describes",
      ],
      [
        "a body of another type",
        () => tenant.client.send("POST", "/Users", "a", { "content-type": "text/plain" }),
        /^415 Unsupported Media Type: /,
        "The body is SCIM or JSON",
      ],
      [
        "a method that is not offered",
        () => tenant.client.send("DELETE", "/Users"),
        /^405 Method Not Allowed: /,
        "The method is offered here",
      ],
    ];
    for (const [what, call, summary, check] of failures) {
      it(`names the check that failed for ${what}`, async () => {
        await call();
        const message = await one();
        assert.equal(message.verdict, "failed");
        assert.match(message.summary, summary);
        assert.deepEqual(
          message.checks.map(({ name, verdict }) => [name, verdict]),
          [
            ["The provisioning token is known, and neither expired nor revoked", "passed"],
            [check, "failed"],
          ],
        );
      });
    }

    const searches: [string, () => Promise<unknown>, () => string][] = [
      ["the id in the path", () => tenant.client.get(`/Users/${id}`), () => id],
      ["the login name in the answer", () => tenant.client.get(`/Users/${id}`), () => "ADA@acme"],
      [
        "a name that a filter asks for",
        () => tenant.client.find('userName eq "unknown@x.test"'),
        () => "unknown@x.test",
      ],
      [
        "a member that a group gets",
        async () => {
          const { body } = await tenant.client.send("POST", "/Groups", {
            schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            displayName: "Crew",
          });
          await tenant.client.patch(`/Groups/${body.id}`, {
            op: "add",
            path: "members",
            value: [{ value: id }],
          });
        },
        () => id,
      ],
    ];
    for (const [what, call, person] of searches) {
      it(`is found by ${what}`, async () => {
        await call();
        const found = async () => (await tenant.store.inspector.after({ person: person() }, 0, 5)).length > 0;
        await until("it is found", found, 30);
        await tenant.store.inspector.clear();
      });
    }

    it("is in one flow with the other calls about that person, also of a group's single member", async () => {
      const { client, store } = tenant;
      const create = async (name: string) => {
        await client.find(`userName eq "${name}@acme.example"`);
        return String((await client.send("POST", "/Users", oktaUser(`${name}@acme.example`))).body.id);
      };
      const [katherine, edsger] = [await create("katherine"), await create("edsger")];
      const members = [{ value: katherine }, { value: edsger }];
      const group = { schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"], displayName: "Pilots" };
      const { body } = await client.send("POST", "/Groups", { ...group, members });
      await client.patch(`/Groups/${body.id}`, { op: "add", path: "members", value: [{ value: katherine }] });
      await client.get(`/Groups/${body.id}`);
      const messages = await recorded(store, 7);
      const runs = new Map<number, string[]>();
      for (const { flow, step } of messages) runs.set(flow, [...(runs.get(flow) ?? []), step]);
      assert.deepEqual(
        [...runs.values()],
        [
          ["GET /Users", "POST /Users", "PATCH /Groups/{id}"],
          ["GET /Users", "POST /Users"],
          ["POST /Groups", "GET /Groups/{id}"],
        ],
      );
      const named = messages.map(({ step, person }) => (step.includes("Groups") ? person : "a user"));
      assert.deepEqual([...new Set(named)], ["a user", null]);
    });

    it("shows a filter decoded", async () => {
      await tenant.client.find('userName eq "ada@acme.example"');
      assert.equal(
        (await one()).request?.head[0],
        'GET /scim/v2/Users?filter=userName eq "ada@acme.example"&startIndex=1&count=100',
      );
    });

    it("contains no password and no token, even in unusual places", async () => {
      const secret = "Tr0ub4dor&3";
      const path = `/Users/${id}`;
      await tenant.client.send("PUT", path, oktaUser("ada@acme.example", { password: secret }));
      await tenant.client.patch(path, { op: "replace", path: "password", value: secret });
      await tenant.client.patch(path, { op: "replace", value: { password: secret } });
      await tenant.client.find(`password eq "${secret}"`);
      await tenant.client.send("POST", "/Users", `{"password":"${secret}"`);
      await tenant.client.get(`/Users?filter=${encodeURIComponent(`userName eq "${tenant.token}"`)}`);
      await tenant.client.get(path, { authorization: tenant.token });
      const kept = JSON.stringify(await recorded(tenant.store, 7));
      assert.ok(!kept.includes(secret) && !kept.includes(tenant.token), kept);
    });

    it("is not recorded for a caller without a token, who belongs to no tenant", async () => {
      await tenant.client.get("/Users", { authorization: "Bearer none" });
      await tenant.client.get("/Roles");
      assert.deepEqual(
        (await recorded(tenant.store, 1)).map(({ step }) => step),
        ["GET /Roles"],
      );
    });
  });
});
