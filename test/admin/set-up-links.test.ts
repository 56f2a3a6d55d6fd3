import assert from "node:assert/strict";
import { brand } from "../../config/brand.ts";
import { inviteOwner } from "../../src/directory/local-accounts.ts";
import { hashToken } from "../../src/store/secrets.ts";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { formOn, submit } from "../helpers/forms.ts";
import { countAs, forgetCounts } from "../helpers/known-devices.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { comeBack, leavingTo, orgOptions, refusalsIn } from "../helpers/org.ts";
import { assertRedirect, headingOf } from "../helpers/pages.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { shownOnce } from "../helpers/seen.ts";
import { useSite } from "../helpers/site.ts";
import {
  answered,
  createDraft,
  createLink,
  offeredTest,
  stateOf,
  switchOn,
  valueToCopy,
  visibleText,
} from "./pages-read.ts";

let keys = 0;

describe("a set-up link", () => {
  onOneDatabase((use) => {
    const site = useSite(use, orgOptions);
    let op: OpenIdProvider;
    let owner: Client;
    let base: string;
    let link: string;
    before(async () => {
      op = await startOpenIdProvider();
    });
    after(() => op.close());
    beforeEach(async () => {
      owner = await site().clientOf(site().owner);
      base = await createDraft(owner, "oidc", `link-${keys++}`);
      link = await createLink(owner, base);
    });

    const values = () => ({ issuer: op.issuer, clientId: "0oa-guest", clientSecret: "the-guests-secret" });
    const stored = () => site().acme.store.connections.byId(base.split("/").at(-1) ?? "");
    async function assertNotValid(path: string, form?: Record<string, string>): Promise<void> {
      const guest = site().app.client();
      const answer = form ? await guest.post(path, form) : await guest.get(path);
      assert.equal(answer.status, 403, path);
      assert.equal(refusalsIn(site().app).at(-1), "link-not-valid");
    }

    it("lets a guest without an account fill in, test and finish a draft, and nothing else", async () => {
      const guest = site().app.client();
      const page = await guest.get(`${link}?step=2`);
      assert.equal(headingOf(page), `Connect Okta with ${brand.productName}`);
      assert.deepEqual(
        [page.headers.get("referrer-policy"), page.headers.get("cache-control")],
        ["no-referrer", "no-store, no-transform"],
      );
      op.register({
        clientId: "0oa-guest",
        secret: "the-guests-secret",
        redirectUris: [valueToCopy(page, "Sign-in redirect URIs")],
        postLogoutRedirectUris: [],
      });
      const entered = { ...values(), justInTime: "on" };
      const saved = await submit(guest, `${link}?step=3`, "/settings", entered);
      await shownOnce(guest, saved, `${link}?step=4`, "The values are saved. Now test the sign-in.");
      op.define({ sub: "00u-guest", email: "guest@acme.example" });
      const started = await guest.post(`${link}/tests`, { test: offeredTest(await guest.get(link)) });
      const left = await guest.get(leavingTo(started));
      await comeBack(site().app, op, guest, left.location ?? "");
      const tested = await guest.get(`${link}?step=4`);
      assert.match(tested.text, new RegExp(`Okta and ${brand.productName} understand each other`));
      assert.doesNotMatch(tested.text, /\/(activate|link|delete|links|recording)"|\/admin\//);
      assert.equal(headingOf(await guest.post(`${link}/finish`)), "The set-up is finished");
      await assertNotValid(link);
      await assertNotValid(`${link}/settings`, values());
      await assertNotValid(`${link}/finish`, {});
      assert.equal((await stored())?.status, "draft");
      const entries = (await site().acme.store.activity.latest(3)).map(({ actor, action }) => [
        actor,
        action,
      ]);
      assert.deepEqual(entries.slice(0, 2), [
        ["set-up link", "connection.set_up_finished"],
        ["set-up link", "connection.changed"],
      ]);
    });

    it("gives no access to the console or to other changes", async () => {
      const guest = site().app.client();
      await guest.get(link);
      assert.equal((await guest.get("/me")).status, 401);
      for (const path of [
        "review",
        "activate",
        "guests/resume",
        "disable",
        "delete",
        "links",
        "refresh",
        "recording",
        "keys/begin",
      ])
        assert.equal((await guest.post(`${link}/${path}`)).status, 404, path);
      assertRedirect(await guest.get(base), `/login?${new URLSearchParams({ returnTo: base })}`);
      assertRedirect(await guest.post(`${base}/settings`, values()), "/login");
    });

    it("treats a signed-in user as a guest, too", async () => {
      await submit(owner, `${base}?step=3`, "/settings", values());
      const page = await owner.get(`${link}?step=5`);
      assert.equal(headingOf(page), `Connect Okta with ${brand.productName}`);
      assert.match(page.text, /An owner of .* does this/);
      assert.doesNotMatch(page.text, /\/(activate|disable|delete|links)"/);
    });

    it("shows problems as the console does, and never a stored secret", async () => {
      const guest = site().app.client();
      await submit(guest, `${link}?step=3`, "/settings", values());
      const wrong = { ...values(), clientId: "" };
      const page = await answered(guest, submit(guest, `${link}?step=3`, "/settings", wrong));
      assert.match(stateOf(page, "clientId"), /missing/);
      assert.ok(!page.text.includes("the-guests-secret"));
      const typed = await guest.post(`${link}/check`, { field: "issuer", issuer: op.issuer });
      assert.match(JSON.parse(typed.text).note, /Found/);
    });

    it("tells the administrator when its guest last looked at which step", async () => {
      const head = async () => visibleText(await owner.get(base));
      assert.match(await head(), /The set-up link has not been opened yet/);
      await site().app.client().get(`${link}?step=2`);
      assert.match(await head(), /The set-up link was last opened .*, at step 2 of 5/);
      await site().app.client().get(`${link}?step=4`);
      assert.match(await head(), /at step 4 of 5/);
      await submit(owner, `${base}?step=2`, "/links/revoke");
      assert.match(await head(), /Send a set-up link\. They fill in this draft/);
    });

    it("has a rate limit of its own for checks", async () => {
      await forgetCounts(use().database);
      const check = async (client: Client, at: string) =>
        (await client.post(`${at}/check`, { field: "clientId", clientId: "0oa-1" })).status;
      const guest = site().app.client();
      assert.equal(await check(guest, link), 200);
      await countAs(use().database, "set-up-check", 200);
      assert.equal(await check(guest, link), 429);
      const colleague = await createLocalAccount(site().acme.store, "colleague@acme.example", "admin");
      assert.equal(await check(await site().clientOf(colleague), base), 200);
      await countAs(use().database, "set-up-check", 200);
      assert.equal(await check(owner, base), 200);
      await forgetCounts(use().database);
    });

    it("ends when it is replaced or revoked, after a week, and when the connection is switched on", async () => {
      const second = await createLink(owner, base);
      await assertNotValid(link);
      await owner.post(`${base}/links/revoke`);
      await assertNotValid(second);

      const third = await createLink(owner, base);
      const row = use()
        .database.sql()("one_time_links")
        .where({ token_hash: hashToken(third.split("/")[2] ?? "") });
      const [{ expires_at }] = await row.clone().select("expires_at");
      assert.ok(Math.abs(expires_at - Date.now() - 7 * 86_400_000) < 60_000);
      await row.update({ expires_at: Date.now() - 1 });
      await assertNotValid(third);

      const fourth = await createLink(owner, base);
      await submit(owner, `${base}?step=3`, "/settings", values());
      await switchOn(owner, base);
      await assertNotValid(fourth);
      await assertNotValid(`${fourth}/settings`, { ...values(), clientId: "0oa-evil" });
      assert.equal((await owner.post(`${base}/links`)).status, 409, "there is no link to what is on");
    });

    it("cannot change a connection that is switched on while its values are checked", async () => {
      await submit(owner, `${base}?step=3`, "/settings", values());
      const provider = holdDiscovery(op);
      const guest = site().app.client();
      const form = formOn(await guest.get(`${link}?step=3`), "/settings");
      const late = form.send(guest, { ...values(), clientId: "0oa-evil" });
      await provider.asked;
      assertRedirect(await switchOn(owner, base), base);
      provider.release();
      assert.equal((await late).status, 404);
      const settings = (await stored())?.settings;
      assert.equal(settings && "clientId" in settings && settings.clientId, "0oa-guest");
    });

    it("works for drafts only", async () => {
      await submit(owner, `${base}?step=3`, "/settings", values());
      for (const status of ["active", "disabled"] as const) {
        await site().acme.store.connections.update((await stored())?.id ?? "", { status });
        await assertNotValid(link);
      }
    });

    it("is not accepted as a password link, nor the other way round", async () => {
      const password = `/setup/${await inviteOwner(site().acme.store, "invited@acme.example")}`;
      assert.equal(headingOf(await site().app.client().get(password)), "Set your password");
      await assertNotValid(`${password}/settings`, values());
      await assertNotValid(`${password}/finish`, {});
      const posted = await site().app.client().post(link, { password: "a very long password" });
      assert.equal(posted.status, 404);
    });

    it("never appears in the log", async () => {
      await site().app.client().get(link);
      await submit(site().app.client(), `${link}?step=3`, "/settings", values());
      const token = link.split("/")[2] ?? assert.fail();
      assert.ok(!JSON.stringify(site().app.logged).includes(token));
      assert.ok(!JSON.stringify(site().app.logged).includes("the-guests-secret"));
    });
  });
});

/** Delays the provider's discovery document until it is released. */
function holdDiscovery(op: OpenIdProvider): { asked: Promise<void>; release(): void } {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const asked = new Promise<void>((resolve) => {
    op.intercept = (req, res) => {
      if (!req.url?.startsWith("/.well-known/")) return false;
      resolve();
      op.intercept = null;
      void released.then(async () => res.end(await (await fetch(op.issuer + req.url)).text()));
      return true;
    };
  });
  return { asked, release };
}
