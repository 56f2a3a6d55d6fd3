import assert from "node:assert/strict";
import { onOneDatabase } from "../helpers/databases.ts";
import { useOktaSite } from "../helpers/okta-connect.ts";
import { createLocalAccount, createTestTenant } from "../helpers/people.ts";
import { scimClient } from "../helpers/scim.ts";
import { answerOf } from "../helpers/seen.ts";

const page = "/admin/provisioning";

describe("Okta's access in the console", () => {
  onOneDatabase((use) => {
    const site = useOktaSite(use);

    it("is listed with its source, its owner and its last use, and not among the tokens", async () => {
      const tokens = await site().connect("Okta EU");
      const owner = await site().browser();
      assert.match((await owner.get(page)).text, /Never used\. Okta renews it/);
      assert.equal((await scimClient(site().app, tokens.access_token).get("/Users")).status, 200);
      const { text } = await owner.get(page);
      assert.match(text, /For the source <strong>Okta EU<\/strong>/);
      assert.match(text, /allowed by owner@acme\.example/);
      assert.match(text, /Last used/);
      assert.match(text, /There is no token in use\./);
      assert.deepEqual(await site().acme.store.tokens.list(), []);
    });

    it("keeps the time of its last use when its tokens are replaced", async () => {
      const { acme, connect, refresh, app } = site();
      const tokens = await connect("Kept");
      await scimClient(app, tokens.access_token).get("/Users");
      const used = async () =>
        (await acme.store.provisioningGrants.list()).find(({ sourceName }) => sourceName === "Kept")
          ?.lastUsedAt;
      const before = await used();
      assert.ok(before);
      const ago = { expires_at: Date.now() - 1 };
      await use().database.sql()("provisioning_tokens").whereNotNull("grant_id").update(ago);
      assert.equal((await refresh(tokens.refresh_token)).status, 200);
      assert.equal(await used(), before);
    });

    it("is revoked by an owner at once, with an entry in the activity", async () => {
      const { acme, connect, refresh, browser, app } = site();
      const tokens = await connect("Revoked");
      const [grant] = await acme.store.provisioningGrants.list();
      const owner = await browser();
      const posted = await owner.post(`${page}/grants/${grant?.id}/revoke`);
      assert.match((await answerOf(owner, posted)).text, /access of Okta is revoked/);
      assert.equal((await scimClient(app, tokens.access_token).get("/Users")).status, 401);
      assert.equal((await refresh(tokens.refresh_token)).status, 400);
      const [entry] = await acme.store.activity.latest(1);
      assert.deepEqual([entry?.action, entry?.kind, entry?.targetId], ["grant.revoked", "tokens", grant?.id]);
      assert.equal((await owner.post(`${page}/grants/${grant?.id}/revoke`)).status, 404);
    });

    it("is not revoked by an administrator, nor by an owner of another organisation", async () => {
      const { acme, connect, browser } = site();
      await connect("Safe");
      const [grant] = await acme.store.provisioningGrants.list();
      const admin = await browser(await createLocalAccount(acme.store, "admin@acme.example", "admin"));
      const bravo = await createTestTenant(use().database);
      for (const attempt of [
        async () => (await admin.post(`${page}/grants/${grant?.id}/revoke`)).status,
        async () => ((await bravo.store.provisioningGrants.end(grant?.id ?? "", "revoked")) ? 303 : 404),
      ])
        assert.equal(await attempt(), 404);
      assert.equal((await acme.store.provisioningGrants.list())[0]?.endedAt, null);
    });

    it("asks for attention when it ended because a token came back", async () => {
      const { connect, refresh, browser } = site();
      const first = await connect("Stolen");
      let last = first.refresh_token;
      for (const _ of [1, 2]) last = JSON.parse((await refresh(last)).text).refresh_token;
      await refresh(first.refresh_token);
      const owner = await browser();
      const overview = await owner.get("/admin");
      assert.match(overview.text, /Okta’s access to provision has ended/);
      assert.match(overview.text, /Provisioning of the source Stolen has stopped/);
      assert.match((await owner.get(page)).text, /a former refresh token came back/);
      assert.match((await owner.get("/admin/activity")).text, /Okta’s access to provision ended/);
      await connect("Stolen");
      assert.doesNotMatch((await owner.get("/admin")).text, /has ended/);
    });

    it("leaves tokens that a person enters in Okta as they are", async () => {
      const owner = await site().browser();
      const posted = await owner.post(`${page}/tokens`, { source: "By hand", days: "" });
      const { text } = await answerOf(owner, posted);
      const token = /oinscim_[\w-]{43}/.exec(text)?.[0] ?? assert.fail(text);
      assert.equal((await scimClient(site().app, token).get("/Users")).status, 200);
      assert.equal((await site().acme.store.tokens.list()).length, 1);
    });
  });
});
