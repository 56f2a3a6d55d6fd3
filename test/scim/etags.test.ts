import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { oktaUser, type ScimAnswer, type ScimClient } from "../helpers/scim.ts";
import { assertScimError, useScim } from "../helpers/scim-site.ts";

const kinds = {
  Users: { body: oktaUser("ada@acme.example"), change: { op: "replace", value: { displayName: "Changed" } } },
  Groups: { body: { displayName: "Staff" }, change: { op: "replace", value: { displayName: "Changed" } } },
};

describe("entity tags", () => {
  onEachDatabase((use) => {
    const site = useScim(use);

    it("of a group change when a member is deleted", async () => {
      const { client } = await site().tenant();
      const [ada, bob] = [
        (await client.send("POST", "/Users", oktaUser("ada@acme.example"))).body.id,
        (await client.send("POST", "/Users", oktaUser("bob@acme.example"))).body.id,
      ];
      const members = [{ value: ada }, { value: bob }];
      const { body, headers } = await client.send("POST", "/Groups", { displayName: "Staff", members });
      const other = await client.send("POST", "/Groups", { displayName: "Crew", members: [{ value: bob }] });
      const tag = headers.get("etag") ?? "";
      assert.equal((await client.send("DELETE", `/Users/${ada}`)).status, 204);
      const again = await client.get(`/Groups/${body.id}`, { "if-none-match": tag });
      assert.equal(again.status, 200);
      assert.deepEqual(
        (again.body.members as { value: string }[]).map(({ value }) => value),
        [bob],
      );
      const replaced = { displayName: "Staff", members };
      assertScimError(await client.send("PUT", `/Groups/${body.id}`, replaced, { "if-match": tag }), 412);
      const unchanged = { "if-none-match": other.headers.get("etag") ?? "" };
      assert.equal((await client.get(`/Groups/${other.body.id}`, unchanged)).status, 304);
    });

    for (const [kind, { body, change }] of Object.entries(kinds)) {
      describe(`of ${kind}`, () => {
        let client: ScimClient;
        let path: string;
        let tag: string;
        beforeEach(async () => {
          client = (await site().tenant()).client;
          const created = await client.send("POST", `/${kind}`, body);
          path = `/${kind}/${created.body.id}`;
          tag = created.headers.get("etag") ?? "";
          assert.equal(created.body.meta.version, tag);
        });
        const changes: Record<string, (headers: Record<string, string>) => Promise<ScimAnswer>> = {
          PUT: (headers) => client.send("PUT", path, body, headers),
          PATCH: (headers) =>
            client.send(
              "PATCH",
              path,
              { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations: [change] },
              headers,
            ),
          DELETE: (headers) => client.send("DELETE", path, undefined, headers),
        };

        for (const [verb, send] of Object.entries(changes)) {
          it(`refuse ${verb} with If-Match of an older version: 412, and nothing changes`, async () => {
            await changes.PATCH?.({});
            const before = (await client.get(path)).text;
            assertScimError(await send({ "if-match": tag }), 412);
            assert.equal((await client.get(path)).text, before);
          });

          for (const known of ["this version", "any", "a list with this version"]) {
            it(`allow ${verb} with If-Match of ${known}`, async () => {
              const header =
                { "this version": tag, any: "*", "a list with this version": `"x", ${tag}` }[known] ?? "";
              assert.ok([200, 204].includes((await send({ "if-match": header })).status));
            });
          }
        }

        it("change with each change; the answer has the new one", async () => {
          const changed = await changes.PATCH?.({});
          const after = await client.get(path);
          assert.notEqual(after.headers.get("etag"), tag);
          assert.equal(changed?.headers.get("etag"), after.headers.get("etag"));
          assert.equal(after.body.meta.version, after.headers.get("etag"));
        });

        it("answer 304 without a body to GET with If-None-Match of this version, and 200 for an older one", async () => {
          for (const known of [tag, "*", `"x", ${tag}`, tag.replace("W/", "")]) {
            const { status, text, headers } = await client.get(path, { "if-none-match": known });
            assert.deepEqual([status, text, headers.get("etag")], [304, "", tag], known);
          }
          await changes.PATCH?.({});
          assert.equal((await client.get(path, { "if-none-match": tag })).status, 200);
        });

        it("answer 404 for an unknown id with any precondition", async () => {
          assertScimError(await client.get(`/${kind}/unknown`, { "if-none-match": "*" }), 404);
          assertScimError(await client.send("PUT", `/${kind}/unknown`, body, { "if-match": "*" }), 404);
        });
      });
    }
  });
});
