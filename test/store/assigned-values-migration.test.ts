import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { onEachDatabase } from "../helpers/databases.ts";
import { newUser } from "../helpers/people.ts";
import type { ScimBody } from "../helpers/scim.ts";
import { useScim } from "../helpers/scim-site.ts";

const file = readdirSync(new URL("../../migrations/", import.meta.url)).find((name) =>
  name.includes("keep_assigned_values"),
);

describe("the migration that keeps what clients say about roles", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    const run = async (direction: "up" | "down") => {
      const migration = await import(`../../migrations/${file}`);
      await use()
        .database.sql()
        .transaction((trx) => migration[direction](trx));
    };

    it("moves roles and entitlements of before into the documents, and out again", async () => {
      const { client, store, writer } = await site().tenant();
      const { id: sourceId } = writer.source;
      const create = async (name: string, entitlements: string[], ...roles: ("admin" | "member")[]) => {
        const given = { origin: "scim" as const, sourceId, entitlements, attributes: { title: "T" } };
        const { id } = await store.users.create(newUser(name, given));
        await store.roles.replace(id, "scim", null, roles);
        return id;
      };
      const one = await create("one", [], "admin");
      const two = await create("two", ["task-export", "task-deletion"], "admin", "member");
      const none = await create("none", []);
      await store.roles.grant(none, "admin");
      const documents = async () =>
        Object.fromEntries(
          await Promise.all(
            [one, two, none].map(async (id) => [id, (await store.users.byId(id))?.attributes] as const),
          ),
        );
      const before = await documents();
      for (const _time of ["first", "second"]) {
        await run("down");
        assert.deepEqual(await documents(), before);
        await run("up");
        assert.deepEqual(await documents(), {
          [one]: { title: "T", roles: [{ value: "admin", primary: true }] },
          [two]: {
            title: "T",
            roles: [{ value: "admin" }, { value: "member" }],
            entitlements: [{ value: "task-export" }, { value: "task-deletion" }],
          },
          [none]: { title: "T" },
        });
      }
      assert.equal((await store.settings.read())?.unknownRoles, "refuse");
      const found = await client.find('entitlements[value eq "TASK-DELETION"] and roles pr');
      assert.deepEqual(
        (found.body.Resources as ScimBody[]).map(({ id }) => id),
        [two],
      );
      // Entra's next change of the only role replaces it.
      const operation = { op: "Replace", path: 'roles[primary eq "True"].value', value: "member" };
      assert.equal((await client.patch(`/Users/${one}`, operation)).status, 200);
      assert.equal(await store.roles.effective(one), "member");
    });
  });
});
