import assert from "node:assert/strict";
import { landingPath } from "../../src/web/home.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { assertRedirect } from "../helpers/pages.ts";
import type { Deviation } from "../helpers/saml-response.ts";
import { useSamlSite } from "../helpers/saml-site.ts";

const signedInAt = (at: number): Deviation => ({
  fields: (all) => void Object.assign(all, { authnInstant: at }),
});

const tryAgain = /href="\/login\/again\?returnTo=%2Fadmin%2Fgroups">Try again/;

describe("an administrator who signs in again at a SAML identity provider", () => {
  onEachDatabase((use) => {
    const site = useSamlSite(use);
    afterEach(() =>
      site().acme.store.sessions.changePolicy({ adminFreshMinutes: null, samlUnsolicited: true }),
    );

    /** A browser whose person signed in at the provider an hour ago; the tenant wants 15 minutes. */
    async function staleAdmin(name: string) {
      const { acme, app, signIn } = site();
      const client = app.client();
      const signedIn = await signIn(client, name, signedInAt(Date.now() - 3_600_000));
      assertRedirect(signedIn, landingPath);
      const { user } = JSON.parse((await client.get("/me")).text);
      await acme.store.roles.grant(user.id, "admin");
      await acme.store.sessions.changePolicy({ adminFreshMinutes: 15 });
      assertRedirect(await client.get("/admin/groups"), "/login/again?returnTo=%2Fadmin%2Fgroups");
      const again = async (nameId: string, at: number) => {
        const query = "?again=1&returnTo=%2Fadmin%2Fgroups";
        const { id, relayState, xml } = await site().leave(client, site().connection, query);
        assert.match(xml, / ForceAuthn="true"/);
        const response = await site().respond(nameId, signedInAt(at), { requestId: id });
        return await site().arrive(client, response, relayState);
      };
      return { client, user, again };
    }

    it("is asked for with ForceAuthn, and gets back to the page", async () => {
      const { client, user, again } = await staleAdmin("fresh@acme.example");
      assertRedirect(await again("fresh@acme.example", Date.now()), "/admin/groups");
      assert.equal((await client.get("/admin/groups")).status, 200);
      const [session] = await site().acme.store.sessions.ofUser(user.id);
      assert.match(String(session?.proof?.context), /^urn:oasis:names:tc:SAML:2\.0:ac:classes:/);
    });

    it("is not put off by a provider whose clock is ahead", async () => {
      const { user, again } = await staleAdmin("ahead@acme.example");
      assertRedirect(await again("ahead@acme.example", Date.now() + 3_600_000), "/admin/groups");
      const [session] = await site().acme.store.sessions.ofUser(user.id);
      assert.ok(Number(session?.proof?.at) <= Date.now(), "the time is not in the future");
    });

    it("is refused with an AuthnInstant from before the request", async () => {
      const { client, again } = await staleAdmin("old@acme.example");
      const answer = await again("old@acme.example", Date.now() - 90_000);
      assert.equal(answer.status, 403);
      assert.match(answer.text, /did not ask you to sign in again as this page needs/);
      assert.match(answer.text, tryAgain);
      assertRedirect(await client.get("/admin"), "/login/again?returnTo=%2Fadmin");
    });

    it("is refused as another person, without the question that an ordinary sign-in asks", async () => {
      const { client, user, again } = await staleAdmin("ada@acme.example");
      const answer = await again("eve@acme.example", Date.now());
      assert.match(answer.text, /You signed in as another person/);
      assert.match(answer.text, tryAgain);
      assert.equal(JSON.parse((await client.get("/me")).text).user.id, user.id);
    });
  });
});

describe("SAML sign-ins that begin at the identity provider", () => {
  onEachDatabase((use) => {
    const site = useSamlSite(use);
    const unsolicited = async () =>
      await site().arrive(site().app.client(), await site().respond("tile@acme.example"));

    it("are refused by the tenant's switch, also if the connection allows them", async () => {
      const { store } = site().acme;
      assert.equal((await unsolicited()).status, 303);
      await store.sessions.changePolicy({ samlUnsolicited: false });
      const refused = await unsolicited();
      assert.equal(refused.status, 403);
      assert.match(refused.text, /does not allow sign-ins from the dashboard/);
      assertRedirect(await site().signIn(site().app.client(), "tile@acme.example"), landingPath);
      const owner = await site().clientOf(site().owner);
      const page = await owner.get(`/admin/connections/${site().connection.id}?tab=settings`);
      assert.match(page.text, /switched this off for all its SAML connections/);
      await store.sessions.changePolicy({ samlUnsolicited: true });
      assert.equal((await unsolicited()).status, 303);
    });
  });
});
