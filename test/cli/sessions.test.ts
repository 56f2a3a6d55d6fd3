import assert from "node:assert/strict";
import { sessionsCommand } from "../../src/cli/sessions.ts";
import { InvalidError } from "../../src/errors.ts";
import { runCommand } from "../helpers/cli.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant, type TestTenant } from "../helpers/people.ts";

describe("admin -- tenant sessions", () => {
  onEachDatabase((use) => {
    let acme: TestTenant;
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
    });
    const run = async (...words: string[]) =>
      (
        await runCommand([sessionsCommand], use().database, [
          "tenant",
          "sessions",
          acme.tenant.slug,
          ...words,
        ])
      ).json;
    const defaults = {
      idleMinutes: 480,
      absoluteMinutes: 1440,
      adminFreshMinutes: null,
      samlUnsolicited: true, // SAML
      secondStep: "none",
    };

    it("shows the policy, and changes nothing without options", async () => {
      assert.deepEqual(await run(), defaults);
      assert.deepEqual(await acme.store.activity.latest(1), []);
    });

    it("changes what the options name, with the old and the new values in the activity", async () => {
      const changed = { ...defaults, adminFreshMinutes: 15, absoluteMinutes: 2880 };
      assert.deepEqual(await run("--admin-sign-in", "15", "--absolute", "2880"), changed);
      const [entry] = await acme.store.activity.latest(1);
      assert.deepEqual(
        [entry?.actorKind, entry?.action, entry?.changed],
        [
          "operator",
          "sessions.limits_changed",
          ["absoluteMinutes: 1440 → 2880", "adminFreshMinutes: off → 15"],
        ],
      );
      assert.deepEqual(await run("--admin-sign-in", "off", "--idle", "60"), {
        ...changed,
        adminFreshMinutes: null,
        idleMinutes: 60,
      });
    });

    // SAML {
    it("says whether SAML sign-ins may begin at the provider", async () => {
      assert.deepEqual(await run("--saml-unsolicited", "off"), { ...defaults, samlUnsolicited: false });
      const [entry] = await acme.store.activity.latest(1);
      assert.deepEqual(entry?.changed, ["samlUnsolicited: on → off"]);
    });
    // SAML }

    it("sets whose local sign-in needs a second step", async () => {
      assert.deepEqual(await run("--second-step", "admins"), { ...defaults, secondStep: "admins" });
      const [entry] = await acme.store.activity.latest(1);
      assert.deepEqual(entry?.changed, ["secondStep: none → admins"]);
    });

    it("refuses what the console refuses", async () => {
      const wrong = [
        ["--idle", "4"],
        ["--idle", "soon"],
        ["--absolute", "43201"],
        ["--admin-sign-in", "1441"],
        ["--idle", "100", "--absolute", "99"],
        ["--second-step", "some"],
      ];
      for (const words of wrong) await assert.rejects(run(...words), InvalidError, words.join(" "));
      assert.deepEqual(await run(), defaults);
    });
  });
});
