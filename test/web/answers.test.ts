import assert from "node:assert/strict";
import { acceptsCrossSite } from "../../src/endpoints.ts";
import { hashToken } from "../../src/store/secrets.ts";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { pathOf } from "../helpers/routes.ts";
import { answerOf, messagesOn, shownOnce } from "../helpers/seen.ts";
import { appRoutes, sidOf, useSite } from "../helpers/site.ts";

describe("the answer to a form", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let client: Client;
    beforeEach(async () => {
      client = await site().clientOf(site().owner);
    });
    const row = async (of: Client) => {
      const sidHash = hashToken(sidOf(of.cookies.get("session")));
      const found = await use().database.sql()("sessions").where({ sid_hash: sidHash }).first();
      return found as { data: string };
    };

    it("is sealed in the session's row: no secret, nothing entered, not even the message", async () => {
      const wrong = { source: "Entered by a person", days: "soon" };
      await client.post("/admin/provisioning/tokens", wrong);
      const kept = JSON.stringify(await row(client));
      assert.match(kept, /sealedAnswer/);
      for (const text of ["Entered by", "soon", "Nothing was changed"]) assert.ok(!kept.includes(text), text);
      const other = await site().clientOf(site().owner);
      await other.post("/admin/provisioning/tokens", { source: "", days: "1" });
      const sealed = JSON.stringify(await row(other));
      assert.match(sealed, /sealedAnswer/);
      const page = await other.get("/admin/provisioning");
      const token = /id="token">(oinscim_[^<]+)</.exec(page.text)?.[1] ?? assert.fail();
      assert.ok(!sealed.includes(token));
      assert.doesNotMatch(JSON.stringify(await row(other)), /sealedAnswer/, "reading it removes it");
    });

    it("cannot be read in another session, not even by moving it there", async () => {
      const other = await site().clientOf(site().owner);
      await client.post("/admin/provisioning/tokens", { source: "", days: "1" });
      assert.doesNotMatch((await other.get("/admin/provisioning")).text, /id="token"/);
      const { data } = await row(client);
      await use()
        .database.sql()("sessions")
        .where({ sid_hash: hashToken(sidOf(other.cookies.get("session"))) })
        .update({ data });
      assert.doesNotMatch((await other.get("/admin/provisioning")).text, /id="token"/);
      assert.match((await client.get("/admin/provisioning")).text, /id="token">oinscim_/);
    });

    it("is at the end of the page if its place is gone", async () => {
      const { store } = site().acme;
      const user = site().owner;
      // The owner's page offers no deletion, so it has no section for it.
      const path = `/admin/people/${user.id}`;
      const shown = /name="shown" value="([^"]*)"/.exec((await client.get(path)).text)?.[1] ?? "";
      const page = await answerOf(client, await client.post(`${path}/delete`, { shown, keepOut: "no" }));
      assert.match(messagesOn(page), /Nothing was changed\.$/);
      assert.ok(await store.users.byId(user.id));
    });

    /** Forms of the console and the product: what was entered, the page, and the message. */
    const forms: [path: string, form: Record<string, string>, page: string, text: string][] = [
      ["/admin/domains", { domain: "nonsense" }, "/admin/domains", 'E-mail domain: "nonsense" is not'],
      ["/admin/domains", { domain: "acme.example" }, "/admin/domains", "acme.example is added."],
      ["/admin/agents", { name: "" }, "/admin/agents/new", "Nothing was changed. Correct these fields:"],
      ["/admin/provisioning/problems/clear", {}, "/admin/provisioning", "The list is empty."],
      ["/admin/inspector/recording", { hours: "1" }, "/admin/inspector", "The inspector is on"],
      ["/admin/inspector/clear", {}, "/admin/inspector", "All recorded messages are deleted."],
      ["/account/sessions/end-others", {}, "/account", "You are signed out everywhere else."],
      ["/account/password", {}, "/account", "Nothing was changed. Correct this field:"],
      ["/tasks", { title: "A", show: "mine" }, "/tasks?show=mine", "is on the list."], // sample product
      ["/tasks", { title: "" }, "/tasks", "A task needs a title."], // sample product
      ["/admin/sessions/limits", { idle: "x", absolute: "1" }, "/admin/sessions", "Correct these fields:"],
    ];
    for (const [path, form, page, text] of forms) {
      it(`to ${path} leads to ${page}, which says once: ${text}`, async () => {
        await shownOnce(client, await client.post(path, form), page, text);
      });
    }
  });
});

describe("the address of a form", () => {
  onOneDatabase((use) => {
    const site = useSite(use);

    it("leads to a page above it, at every route that only takes forms", async () => {
      const routes = appRoutes(use().database);
      const pages = routes.filter(({ method }) => method === "GET").map(({ path }) => path);
      const only = routes.filter(
        ({ method, path }) =>
          method === "POST" && !pages.includes(path) && !acceptsCrossSite(pathOf({ path }, "x")),
      );
      const forms = only.filter(({ path }) => !path.startsWith("/api/") && !path.startsWith("/oauth2/"));
      assert.ok(forms.length > 40, `${forms.length} forms`);
      const client = await site().clientOf(site().owner);
      for (const { path } of forms) {
        const address = pathOf({ path }, "x");
        const answer = await client.get(address);
        assert.equal(answer.status, 303, address);
        const page = answer.location ?? "";
        assert.ok(page === "/" || address.startsWith(`${page}/`), `${address} leads to ${page}`);
      }
    });

    it("is unknown if it looks like one", async () => {
      const client = await site().clientOf(site().owner);
      for (const path of ["/admin/provisioning/token", "/admin/domains/x/verify/y"])
        assert.equal((await client.get(path)).status, 404, path);
    });

    it("asks a person to sign in first, and then leads to the page", async () => {
      const anonymous = await site().app.client().get("/admin/provisioning/tokens");
      assert.match(anonymous.location ?? "", /^\/login\?returnTo=/);
      const client = await site().clientOf(site().owner);
      assertRedirect(await client.get("/admin/provisioning/tokens"), "/admin/provisioning");
    });
  });
});
