import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { landingPath } from "../../src/web/home.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { assertRefused } from "../helpers/refused.ts";
import type { Deviation } from "../helpers/saml-response.ts";
import { useSamlSite } from "../helpers/saml-site.ts";

const ending = (sessionEndsAt: number | null): Deviation => ({
  fields: (all) => void Object.assign(all, { sessionEndsAt }),
});

describe("the end that a SAML provider sets for a session", () => {
  onEachDatabase((use) => {
    const site = useSamlSite(use);

    it("is the end of the session, and no session ends without one", async () => {
      for (const end of [Date.now() + 3_600_000, Date.parse("9999-12-31T23:59:59Z"), null]) {
        const name = `${randomUUID()}@acme.example`;
        assertRedirect(await site().signIn(site().app.client(), name, ending(end)), landingPath);
        const user = await site().acme.store.users.byLoginName(name);
        const row = await use().database.sql()("sessions").where("user_id", user?.id).first();
        assert.equal(row.ends_at === null ? null : Number(row.ends_at), end);
      }
    });

    it("starts no session if it has passed, even within the clock skew", async () => {
      for (const ago of [0, 30_000, 90_000, 3_600_000]) {
        const client = site().app.client();
        const deviation = ending(Date.now() - ago);
        await assertRefused(site().app, use(), "provider-session-ended", () =>
          site().signIn(client, `${randomUUID()}@acme.example`, deviation),
        );
        assert.equal((await client.get("/me")).status, 401);
      }
    });

    it("sends a signed-in person on who goes back to a used address, and no one else", async () => {
      const browser = site().app.client();
      const form = new URLSearchParams({ SAMLResponse: await site().respond("back@acme.example") });
      const { location } = await browser.send("POST", `/saml/${site().connection.key}/acs`, {}, form);
      assertRedirect(await browser.get(location ?? ""), landingPath);
      assertRedirect(await browser.get(location ?? ""), landingPath);
      await assertRefused(site().app, use(), "sign-in-not-started-here", () =>
        site()
          .app.client()
          .get(location ?? ""),
      );
    });
  });
});
