import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { secondStepsCommand } from "../../src/cli/second-steps.ts";
import { secondStepNeed } from "../../src/directory/second-steps.ts";
import { NotFoundError } from "../../src/errors.ts";
import { sealer } from "../../src/store/secrets.ts";
import { runCommand } from "../helpers/cli.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant } from "../helpers/people.ts";
import { giveAuthenticator } from "../helpers/second-steps.ts";

describe("admin -- second-step remove", () => {
  onEachDatabase((use) => {
    it("removes all second steps of a person, ends their access, and records it", async () => {
      const { tenant, store } = await createTestTenant(use().database);
      const owner = await createLocalAccount(store, "owner@lost.example", "owner");
      const other = await createLocalAccount(store, "other@lost.example", "owner");
      for (const user of [owner, other]) await giveAuthenticator(store, sealer(randomBytes(32)), user);
      const passkey = { id: tenant.id, name: "Key", publicKey: "x", counter: 0, transports: [] };
      await store.passkeys.add({ ...passkey, userId: owner.id });
      const words = ["second-step", "remove", tenant.slug, "--email", owner.loginName];
      const { json } = await runCommand([secondStepsCommand], use().database, words);
      assert.deepEqual(json, { removed: owner.loginName });
      assert.deepEqual(await store.secondSteps.ofUser(owner.id), {
        authenticatorAt: null,
        passkeys: 0,
        recoveryCodes: 0,
      });
      assert.equal(await secondStepNeed(store, owner.id), "none");
      assert.equal(await secondStepNeed(store, other.id), "ask");
      assert.equal((await store.users.byId(owner.id))?.accessEpoch, owner.accessEpoch + 1);
      const [entry] = await store.activity.latest(1);
      assert.deepEqual(
        [entry?.actorKind, entry?.action, entry?.targetId, entry?.kind],
        ["operator", "user.second_steps_removed", owner.id, "people"],
      );
    });

    it("says that there is no such person", async () => {
      const { tenant } = await createTestTenant(use().database);
      const words = ["second-step", "remove", tenant.slug, "--email", "no@lost.example"];
      await assert.rejects(runCommand([secondStepsCommand], use().database, words), NotFoundError);
    });
  });
});
