import assert from "node:assert/strict";
import { hashToken, randomToken } from "../../src/store/secrets.ts";
import { landingPath } from "../../src/web/home.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { identityOf } from "../helpers/people.ts";
import { assertRefused } from "../helpers/refused.ts";
import type { Deviation } from "../helpers/saml-response.ts";
import { samlSealer, useSamlSite } from "../helpers/saml-site.ts";

describe("the end that a provider set for a session", () => {
  onEachDatabase((use) => {
    const site = useSamlSite(use);
    let people = 0;

    /** A browser whose verified SAML sign-in waits at /finish. */
    async function arrived(end: number | null) {
      const { acme, app, connection } = site();
      const [ticket, browser] = [randomToken(), randomToken()];
      const identity = identityOf(connection, `arrived-${people++}@acme.example`);
      const context = `${acme.tenant.id}/${connection.id}/saml-arrival`;
      await acme.store.pendingLogins.create({
        connectionId: connection.id,
        stateHash: hashToken(`saml-arrival/${ticket}`),
        browserHash: hashToken(browser),
        sealedData: samlSealer.seal(
          JSON.stringify({ identity, returnTo: null, sessionEndsAt: end }),
          context,
        ),
        expiresAt: Date.now() + 60_000,
        networkHash: null,
      });
      const client = app.client();
      client.cookies.set("saml-arrival", browser);
      return { client, finish: `/saml/${connection.key}/finish?ticket=${ticket}`, name: identity.loginName };
    }

    async function storedEnd(loginName: string): Promise<number | null> {
      const user = await site().acme.store.users.byLoginName(loginName);
      const row = await use()
        .database.sql()("sessions")
        .where("user_id", user?.id ?? "")
        .first();
      return row.ends_at === null ? null : Number(row.ends_at);
    }

    for (const [name, end] of [
      ["in an hour", Date.now() + 3_600_000],
      ["never", null],
    ] as const) {
      it(`is kept while a sign-in waits: ${name}`, async () => {
        const { client, finish, name: loginName } = await arrived(end);
        assertRedirect(await client.get(finish), landingPath);
        assert.equal(await storedEnd(loginName), end);
      });
    }

    const ending = (sessionEndsAt: number | null): Deviation => ({
      fields: (all) => void Object.assign(all, { sessionEndsAt }),
    });

    it("is SessionNotOnOrAfter of a SAML assertion, and no session ends without one", async () => {
      for (const end of [Date.now() + 3_600_000, Date.parse("9999-12-31T23:59:59Z"), null]) {
        const name = `limited-${people++}@acme.example`;
        assertRedirect(await site().signIn(site().app.client(), name, ending(end)), landingPath);
        assert.equal(await storedEnd(name), end);
      }
    });

    it("refuses a SAML response if it has passed, even within the clock skew", async () => {
      for (const ago of [0, 30_000, 90_000, 3_600_000]) {
        const client = site().app.client();
        const deviation = ending(Date.now() - ago);
        await assertRefused(site().app, use(), "provider-session-ended", () =>
          site().signIn(client, "late@acme.example", deviation),
        );
        assert.equal((await client.get("/me")).status, 401);
      }
    });

    it("refuses a sign-in that waited until its session ended", async () => {
      const { client, finish } = await arrived(Date.now() - 1);
      await assertRefused(site().app, use(), "provider-session-ended", () => client.get(finish));
    });
  });
});
