import assert from "node:assert/strict";
import { clickPath, okta } from "okta-labels/labels";
import type { Answer, Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import { assertRedirect, factOf } from "../helpers/pages.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { oktaUser, scimClient } from "../helpers/scim.ts";
import { answerOf, messagesOn, shownOnce } from "../helpers/seen.ts";
import { useSite } from "../helpers/site.ts";
import { stepsOf, valueToCopy } from "./pages-read.ts";

describe("provisioning in the admin console", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let client: Client;
    beforeEach(async () => {
      client = await site().clientOf(site().owner);
    });
    const page = () => client.get("/admin/provisioning");
    const tokenIn = (answer: Answer) =>
      /<code class="value" id="token">([^<]*)<\/code>/.exec(answer.text)?.[1];
    const send = (source = "", days = "") => client.post("/admin/provisioning/tokens", { source, days });
    const create = async (source = "", days = "") => await answerOf(client, await send(source, days));
    const lastEntry = async () => (await site().acme.store.activity.latest(1))[0] ?? assert.fail();

    it("leads in Okta's order: entitlements before provisioning, with every click and what the org needs", async () => {
      const steps = stepsOf(await page());
      assert.deepEqual(
        steps.map(({ heading }) => heading),
        [
          "Create a token",
          "Switch entitlements on optional, but only before the next step",
          "Connect Okta",
          "Choose what Okta does",
          "Assign people",
          "Push groups optional",
        ],
      );
      const [, entitlements, connect, choose, assign] = steps.map(({ text }) => text);
      assertInOrder(entitlements, [
        "Okta refuses it for an app whose provisioning is enabled",
        okta.menus.applications,
        `On the ${okta.tabs.general} tab, in the section ${okta.entitlements.section}, click ${okta.buttons.edit}`,
        `Select ${okta.entitlements.enable} and click ${okta.buttons.save}`,
        "Your org needs Okta Identity Governance",
        `do not see the ${okta.tabs.governance} tab need the app ${okta.entitlements.adminApp}`,
      ]);
      assert.doesNotMatch(entitlements ?? "", /already enabled/);
      assertInOrder(connect, [
        okta.menus.applications,
        okta.provisioning.configure,
        okta.provisioning.enable,
        okta.provisioning.apiToken,
        okta.provisioning.test,
      ]);
      const needed = [okta.provisioning.createUsers, okta.provisioning.updateAttributes];
      assertInOrder(choose, [...needed, "Roles and entitlements need the first two"]);
      const { viewAccess, editAccess, customize } = okta.entitlements;
      assertInOrder(assign, [clickPath(viewAccess, editAccess, customize)]);
    });

    it("provisions people with the values on the page, and shows them", async () => {
      assert.match((await page()).text, /Okta has not called yet/);
      const created = await create("", "90");
      assert.equal(created.headers.get("cache-control"), "no-store, no-transform");
      const token = tokenIn(created) ?? assert.fail();
      assert.ok(!(await page()).text.includes(token), "it is shown once");
      assert.match((await page()).text, /Never used. It was shown once, when it was created/);
      assert.deepEqual([(await lastEntry()).action, (await lastEntry()).kind], ["token.created", "tokens"]);
      const baseUrl = valueToCopy(created, "Base URL");
      const mistyped = await fetch(`${baseUrl}/Users`, { headers: { authorization: `Bearer ${token}x` } });
      assert.equal(mistyped.status, 401);
      const unseen = "Okta has not called yet. A call with a wrong token does not appear here";
      assert.ok(factOf(await page(), "Last call")?.startsWith(unseen), "it names the commonest mistake");
      const answer = await fetch(`${baseUrl}/Users`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/scim+json" },
        body: JSON.stringify(oktaUser("ada@acme.example")),
      });
      assert.equal(answer.status, 201);
      const after = await page();
      assert.equal(factOf(after, "People"), "1 person provisioned");
      assert.match(factOf(after, "Last call") ?? "", /^just now \(to the minute\)$/);
      assert.match(after.text, /<code>oinscim_[\w-]{4}…<\/code>[\s\S]*Last used/);
    });

    it("says to switch entitlements on in a second instance if the first provisions already", async () => {
      const org = scimClient(site().app, tokenIn(await create("Entitlements")) ?? "");
      assert.equal((await org.get("/Users")).status, 200);
      assertInOrder(stepsOf(await page())[1]?.text, [
        "Provisioning is already enabled for this instance",
        "a second time from Okta’s catalog",
        okta.entitlements.section,
      ]);
    });

    it("shows problems and how to solve them, until the list is cleared", async () => {
      const org = scimClient(site().app, tokenIn(await create()) ?? "");
      for (let times = 0; times < 2; times++)
        await org.send("POST", "/Users", oktaUser("twice@acme.example"));
      let text = "";
      for (let tries = 0; tries < 1_000 && !text.includes("POST /Users"); tries++) text = (await page()).text;
      assert.match(text, /<strong>POST \/Users<\/strong>: Another user of this tenant has this login name/);
      assert.match(text, /Look it up under People/);
      assertRedirect(await client.post("/admin/provisioning/problems/clear"), "/admin/provisioning");
      assert.equal(factOf(await page(), "Problems"), "None");
    });

    it("revokes a token at once", async () => {
      const token = tokenIn(await create("Revoked")) ?? assert.fail();
      const org = scimClient(site().app, token);
      assert.equal((await org.get("/Users")).status, 200);
      const { id } =
        (await site().acme.store.tokens.list()).find(({ hint }) => token.startsWith(hint)) ?? assert.fail();
      assertRedirect(await client.post(`/admin/provisioning/tokens/${id}/revoke`), "/admin/provisioning");
      assert.equal((await org.get("/Users")).status, 401);
      assert.equal((await client.post(`/admin/provisioning/tokens/${id}/revoke`)).status, 404);
      assert.deepEqual([(await lastEntry()).action, (await lastEntry()).targetId], ["token.revoked", id]);
    });

    it("warns of a token that expires soon, and lists former tokens separately", async () => {
      await create("Soon", "10");
      assert.match((await page()).text, /Expires in 10 days/);
      assert.match((await page()).text, /former token/);
    });

    const wrong: [string, string, RegExp][] = [
      ["", "0", /whole number of days/],
      ["", "soon", /whole number of days/],
      ["", "1.5", /whole number of days/],
      ["", "99999999", /whole number of days/],
      ["x".repeat(101), "1", /1 to 100 characters/],
      [`<script>alert(1)</script>${"x".repeat(100)}`, "1", /1 to 100 characters/],
    ];
    for (const [source, days, message] of wrong) {
      it(`creates no token for the source "${source.slice(0, 30)}" and ${days} days, and keeps the values in the form`, async () => {
        const before = (await site().acme.store.tokens.list()).length;
        const field = message.source.includes("days") ? "days" : "source";
        const posted = await send(source, days);
        const answer = await shownOnce(client, posted, "/admin/provisioning", "Nothing was changed. Correct");
        assert.match(messagesOn(answer), message);
        assert.match(answer.text, new RegExp(`id="${field}"[^>]* aria-invalid="true"[^>]* autofocus`));
        assert.match(answer.text, /<title>Error: Provisioning/);
        assert.ok(!answer.text.includes("<script>alert(1)"));
        assert.match(answer.text, new RegExp(`name="days" value="${days}"`));
        assert.equal((await site().acme.store.tokens.list()).length, before);
      });
    }

    it("saves the settings, and takes unknown values for the strict choice", async () => {
      const { settings } = site().acme.store;
      const save = (form: Record<string, string>) => submit(client, "/admin/provisioning", "/settings", form);
      await save({
        sourceConflict: "adopt",
        unknownRoles: "ignore",
        incompletePeople: "on",
        passwordSync: "on",
      });
      assert.deepEqual(await settings.read(), {
        sourceConflict: "adopt",
        unknownRoles: "ignore",
        incompletePeople: "accept",
        passwordSync: true,
        machineAccessConfirmed: true,
        activityDays: 365,
      });
      assert.equal((await lastEntry()).action, "provisioning.settings_changed");
      await save({ sourceConflict: "unknown", unknownRoles: "unknown", incompletePeople: "accept" });
      assert.deepEqual(await settings.read(), {
        sourceConflict: "refuse",
        unknownRoles: "refuse",
        incompletePeople: "refuse",
        passwordSync: false,
        machineAccessConfirmed: true,
        activityDays: 365,
      });
    });

    describe("for an administrator who is not an owner", () => {
      let admin: Client;
      before(async () => {
        const { store } = site().acme;
        admin = await site().clientOf(await createLocalAccount(store, "admin@acme.example", "admin"));
      });

      it("shows the settings without forms to change them", async () => {
        const { text } = await admin.get("/admin/provisioning");
        assert.match(text, /Only an owner creates and revokes tokens/);
        assert.match(text, /Only an owner changes these settings/);
        assert.doesNotMatch(text, /action="\/admin\/provisioning\/(tokens|settings)/);
      });

      it("answers 404 to requests that create or revoke tokens or change the settings", async () => {
        const { store } = site().acme;
        await create("Kept");
        const tokens = await store.tokens.list();
        const settings = await store.settings.read();
        const acts = {
          tokens: { source: "theirs" },
          [`tokens/${tokens[0]?.id}/revoke`]: {},
          settings: { sourceConflict: "adopt", incompletePeople: "on", passwordSync: "on" },
          confirm: {},
        };
        for (const [act, form] of Object.entries(acts))
          assert.equal((await admin.post(`/admin/provisioning/${act}`, form)).status, 404, act);
        assert.deepEqual(await store.tokens.list(), tokens);
        assert.deepEqual(await store.settings.read(), settings);
      });
    });

    it("asks owners to confirm settings that administrators once switched on", async () => {
      const { store } = site().acme;
      await create("Old");
      await store.settings.change({ machineAccessConfirmed: false, passwordSync: true });
      for (const path of ["/admin", "/admin/provisioning"]) {
        const { text } = await client.get(path);
        assert.match(text, /Okta sets people&#39;s passwords/, path);
        assert.match(text, /The token oinscim_[\w-]{4}… writes for the source Old/, path);
        assert.doesNotMatch(text, /Another source may take over/, path);
      }
      assertRedirect(await submit(client, "/admin/provisioning", "/confirm"), "/admin/provisioning");
      assert.equal((await lastEntry()).action, "provisioning.access_confirmed");
      for (const path of ["/admin", "/admin/provisioning"])
        assert.doesNotMatch((await client.get(path)).text, /Okta sets people&#39;s passwords/);
      assert.equal((await store.settings.read())?.passwordSync, true, "it stays as it was");
    });
  });
});

/** Asserts that a text names these parts, one after the other. */
function assertInOrder(text: string | undefined, parts: readonly string[]): void {
  let rest = text ?? "";
  for (const part of parts) {
    const at = rest.indexOf(part);
    assert.ok(at >= 0, `"${part}" is missing, or comes earlier:\n${text}`);
    rest = rest.slice(at + part.length);
  }
}
