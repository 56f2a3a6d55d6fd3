import assert from "node:assert/strict";
import { request } from "node:http";
import { apiScopes } from "../../config/integration.ts";
import { paths } from "../../src/endpoints.ts";
import type { User } from "../../src/model.ts";
import { dangerousActs, isDangerousAct, recentSignInMinutes } from "../../src/web/dangerous-acts.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createLocalAccount, testPassword } from "../helpers/people.ts";
import { pathOf } from "../helpers/routes.ts";
import { appRoutes, plantSession, useSite } from "../helpers/site.ts";

/** Forms that need no recent sign-in, and why. Add a new form here or to dangerous-acts.ts. */
const harmless: Record<string, readonly string[]> = {
  "reads, tests or records nothing that opens access": [
    "/admin/agents/preview",
    "/admin/connections/:connection/check",
    "/admin/connections/:connection/recording",
    "/admin/connections/:connection/signals/sending/test",
    "/admin/connections/:connection/signals/status",
    "/admin/connections/:connection/signals/verify",
    "/admin/connections/:connection/tests",
    "/admin/activity/retention",
    "/admin/activity/webhooks/:webhook/test",
    "/admin/activity/webhooks/:webhook/replay",
    "/admin/activity/webhooks/:webhook/replay-failed",
    "/admin/activity/webhooks/:webhook/areas",
    "/admin/activity/webhooks/:webhook/resume",
    "/admin/inspector/clear",
    "/admin/inspector/recording",
    "/admin/provisioning/problems/clear",
    "/admin/connections/:connection/signals/resume",
    "/admin/connections/:connection/signals/settings",
  ],
  "ends access, which must be quick": [
    "/account/agents/revoke",
    "/account/sessions/end",
    "/account/sessions/end-others",
    "/admin/activity/webhooks/:webhook/pause",
    "/admin/agents/:agent/block",
    "/admin/agents/:agent/secrets/remove",
    "/admin/agents/:agent/revoke",
    "/admin/api-keys/:apiKey/revoke",
    "/admin/connections/:connection/links/revoke",
    "/admin/connections/:connection/signals/pause",
    "/admin/connections/:connection/signals/sending/off",
    "/admin/people/:user/block",
    "/admin/people/:user/end-session",
    "/admin/people/:user/revoke-agent",
    "/admin/people/:user/sign-out",
    "/admin/people/invitations/:user/revoke",
    "/admin/provisioning/grants/:grant/revoke",
    "/admin/provisioning/tokens/:token/revoke",
    "/admin/sessions/end",
  ],
  "lets an agent act again that the person themselves had stopped": ["/account/agents/allow"],
};

describe("acts that need a recent sign-in", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    const minute = 60_000;
    let owner: User;
    before(async () => {
      owner = await createLocalAccount(site().acme.store, "acting@acme.example", "owner");
    });

    async function clientOf(user: User, age: number) {
      const client = site().app.client();
      const createdAt = Date.now() - age * minute;
      client.cookies.set("session", await plantSession(use(), site().acme.tenant, user, { createdAt }));
      return client;
    }
    const forms = () =>
      appRoutes(use().database).filter(
        ({ method, path }) => method === "POST" && /^\/(admin|account|oauth2\/authorize)(\/|$)/.test(path),
      );
    /** The authorization endpoint first judges its client: test/scim-authorization/consent.test.ts sends a right request. */
    const plainActs = dangerousActs.filter(({ path }) => path !== paths.authorize);

    it("are named, or their harmlessness has a reason: each form of the console, the account and the consent", () => {
      const decided = [
        ...dangerousActs.filter(({ method }) => method === "POST").map(({ path }) => path),
        ...Object.values(harmless).flat(),
      ];
      assert.deepEqual([...new Set(forms().map(({ path }) => path))].sort(), [...decided].sort());
    });

    it("have routes: no pattern of the list is out of date", () => {
      const routes = appRoutes(use().database).map(({ method, path }) => `${method} ${path}`);
      for (const { method, path } of dangerousActs) assert.ok(routes.includes(`${method} ${path}`), path);
    });

    it("lead to a new sign-in after fifteen minutes, and change nothing before", async () => {
      const client = await clientOf(owner, recentSignInMinutes);
      const sql = use().database.sql();
      const activity = async () => (await sql("activity").where("actor_id", owner.id)).length;
      for (const { method, path } of plainActs) {
        const url = pathOf({ path }, "x");
        const answer = await (method === "GET" ? client.get(url) : client.post(url, { name: "x" }));
        const again =
          method === "GET" ? `/login/again?${new URLSearchParams({ returnTo: url })}` : "/login/again";
        assertRedirect(answer, again);
      }
      assert.equal(await activity(), 0);
      const page = await client.get("/login/again");
      assert.match(page.text, /This change needs a sign-in from the last 15 minutes/);
      assert.match(page.text, /Your form is kept/);
    });

    it("go on within fifteen minutes", async () => {
      const client = await clientOf(owner, recentSignInMinutes - 1);
      for (const { method, path } of plainActs) {
        const url = pathOf({ path }, "x");
        const answer = await (method === "GET" ? client.get(url) : client.post(url, { name: "x" }));
        assert.ok(answer.status < 500, `${method} ${path}: ${answer.status}`);
        assert.ok(!answer.location?.startsWith("/login/again"), `${method} ${path}: ${answer.location}`);
      }
    });

    it("need it in addresses that no browser sends, and that the router takes", async () => {
      const client = await clientOf(owner, 60);
      const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const { hostname, port } = new URL(site().app.url);
      const statusAndPlace = (path: string) =>
        new Promise<string>((resolve, reject) => {
          const asked = request({ hostname, port, path, headers: { cookie } }, (answer) => {
            answer.resume();
            resolve(`${answer.statusCode} ${answer.headers.location?.split("?")[0]}`);
          });
          asked.once("error", reject).end();
        });
      for (const path of ["/account/authenticator", "/account/authenticator#x", "/account\\authenticator#x"])
        assert.equal(await statusAndPlace(path), "303 /login/again", path);
    });

    it("are not opened by a new password, whose session is new, too", async () => {
      const client = await clientOf(owner, 60);
      const form = {
        current: testPassword,
        password: "wet rocks by the river",
        repeated: "wet rocks by the river",
      };
      assertRedirect(await client.post("/account/password", form), "/login/again");
      assert.ok(!(await client.get("/login/again")).text.includes("wet rocks"));
      assert.equal((await client.get("/account/authenticator")).status, 303);
    });

    it("are recognised in each spelling that the router accepts", () => {
      for (const url of [
        "/admin/api-keys",
        "/ADMIN/Api-Keys/",
        "/admin/api-keys?a=b",
        "/admin/people/1/ROLE/",
      ])
        assert.equal(isDangerousAct("POST", url), true, url);
      for (const url of ["/admin/api-keys/1/revoke", "/admin", "/x/admin/api-keys"])
        assert.equal(isDangerousAct("POST", url), false, url);
      assert.equal(isDangerousAct("GET", "/admin/api-keys"), false);
      assert.equal(isDangerousAct("HEAD", "/account/authenticator"), true);
    });

    it("are sent after the new sign-in", async () => {
      const client = await clientOf(owner, 60);
      const form = { name: "Kept", scopes: apiScopes[0]?.name ?? "", days: "30" };
      assertRedirect(await client.post("/admin/api-keys", form), "/login/again");
      const { slug } = site().acme.tenant;
      const again = await submit(client, "/login/again", `/login/password/${slug}`, {
        password: testPassword,
      });
      assertRedirect(again, "/login/again");
      assert.match((await client.get("/login/again")).text, /Send the form now\?/);
      assertRedirect(await submit(client, "/login/again", "/admin/api-keys"), "/admin/api-keys");
      assert.match((await client.get("/admin/api-keys")).text, /Kept/);
    });

    it("leave other pages and forms as they are", async () => {
      const client = await clientOf(owner, 60);
      for (const path of ["/admin", "/admin/api-keys", "/account"])
        assert.equal((await client.get(path)).status, 200);
      assertRedirect(await client.post("/account/sessions/end-others"), "/account");
    });

    it("count from the sign-in at the identity provider, if that is known", async () => {
      const client = site().app.client();
      const proof = { at: Date.now() - recentSignInMinutes * minute, methods: [], context: null };
      client.cookies.set(
        "session",
        await plantSession(use(), site().acme.tenant, owner, { data: { proof } }),
      );
      assertRedirect(await client.post("/admin/api-keys"), "/login/again");
    });
  });
});
