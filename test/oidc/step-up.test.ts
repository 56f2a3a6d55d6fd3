import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { OidcSettings } from "../../src/model.ts";
import { landingPath } from "../../src/web/home.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { unescaped } from "../helpers/forms.ts";
import type { Deviation } from "../helpers/hostile-provider.ts";
import { useHostileSite } from "../helpers/hostile-sign-in.ts";
import { assertRedirect } from "../helpers/pages.ts";

type Fields = Record<string, unknown>;

const now = () => Math.floor(Date.now() / 1000);
const claims = (change: () => Fields): Deviation => ({ claims: (all) => void Object.assign(all, change()) });
const signedIn = (secondsAgo: number, more: Fields = {}) =>
  claims(() => ({ auth_time: now() - secondsAgo, amr: ["pwd"], ...more }));

describe("an administrator who signs in again at an OpenID provider", () => {
  onEachDatabase((use) => {
    const site = useHostileSite(use);

    /** A browser of an administrator who signed in at the provider an hour ago; the tenant wants 15 minutes. */
    async function staleAdmin(settings: Partial<OidcSettings> = {}) {
      const journey = await site().journey(signedIn(3_600));
      const { store } = site().acme;
      const { id, settings: before } = journey.connection;
      await store.connections.update(id, { settings: { ...(before as OidcSettings), ...settings } });
      const subject = `00u-${randomUUID()}`;
      assertRedirect(await site().signIn(journey, subject), landingPath);
      const { user } = JSON.parse((await journey.client.get("/me")).text);
      await store.roles.grant(user.id, "admin");
      await store.sessions.changePolicy({ adminFreshMinutes: 15 });
      const asked = await journey.client.get("/admin/people?q=ada");
      assertRedirect(asked, "/login/again?returnTo=%2Fadmin%2Fpeople%3Fq%3Dada");
      const page = await journey.client.get(asked.location ?? "");
      const link = unescaped(/href="(\/oidc\/[^"]*)"/.exec(page.text)?.[1] ?? assert.fail(page.text));
      const again = async (deviation: Deviation, as = subject) => {
        journey.provider.deviation = deviation;
        const left = await journey.client.get(link);
        const url = journey.provider.authorize(left.location ?? "", as);
        return { left, answer: await journey.client.get(url.pathname + url.search) };
      };
      return { ...journey, user, subject, link, again };
    }

    afterEach(() => site().acme.store.sessions.changePolicy({ adminFreshMinutes: null }));

    it("is asked for by prompt, max_age and the connection's classes, and gets back to the page", async () => {
      const { client, again, user } = await staleAdmin({ acrValues: "phr phrh" });
      const { left, answer } = await again(signedIn(0, { amr: ["pwd", "hwk"], acr: "phr" }));
      const query = new URL(left.location ?? "").searchParams;
      assert.deepEqual(
        ["prompt", "max_age", "acr_values", "login_hint"].map((name) => query.get(name)),
        ["login", "0", "phr phrh", user.loginName],
      );
      assertRedirect(answer, "/admin/people?q=ada");
      assert.equal((await client.get("/admin/people?q=ada")).status, 200);
      const [session, ...others] = await site().acme.store.sessions.ofUser(user.id);
      assert.deepEqual(others, [], "the old session ended");
      assert.deepEqual([session?.proof?.methods, session?.proof?.context], [["pwd", "hwk"], "phr"]);
    });

    it("is not asked for before the time is over, by auth_time and not by our clock", async () => {
      const { client, again } = await staleAdmin();
      await again(signedIn(0));
      assert.equal((await client.get("/admin")).status, 200);
      assert.equal((await client.get(landingPath)).status, 200);
    });

    const refused: [name: string, deviation: Deviation, settings?: Partial<OidcSettings>][] = [
      ["an old auth_time", signedIn(90)],
      ["no auth_time", claims(() => ({ auth_time: undefined }))],
      ["another class of authentication", signedIn(0, { acr: "pwd" }), { acrValues: "phr phrh" }],
      ["no class of authentication", signedIn(0), { acrValues: "phr" }],
    ];
    for (const [name, deviation, settings] of refused) {
      it(`is refused with ${name}, in one sentence and without a loop`, async () => {
        const { client, again } = await staleAdmin(settings);
        const { answer } = await again(deviation);
        assert.equal(answer.status, 403);
        assert.match(answer.text, /did not ask you to sign in again as this page needs/);
        const next = /class="button primary" href="([^"]*)">Try again/.exec(answer.text)?.[1] ?? "";
        assert.equal(unescaped(next), "/login/again?returnTo=%2Fadmin%2Fpeople%3Fq%3Dada");
        assert.match((await client.get(unescaped(next))).text, /Continue to your identity provider/);
        assertRedirect(await client.get("/admin"), "/login/again?returnTo=%2Fadmin");
        assert.equal((await client.get(landingPath)).status, 200, "the session goes on");
      });
    }

    it("is refused as another person, known or not", async () => {
      const { client, again, user } = await staleAdmin();
      const { answer } = await again(signedIn(0), `00u-${randomUUID()}`);
      assert.equal(answer.status, 403);
      assert.match(answer.text, /You signed in as another person/);
      assert.equal(JSON.parse((await client.get("/me")).text).user.id, user.id);
    });

    it("is not put off by a provider whose clock is ahead", async () => {
      const { again, user } = await staleAdmin();
      const { answer } = await again(signedIn(-3_600));
      assertRedirect(answer, "/admin/people?q=ada");
      const [session] = await site().acme.store.sessions.ofUser(user.id);
      assert.ok(Number(session?.proof?.at) <= Date.now(), "the time is not in the future");
    });

    it("cannot be asked for without a session by this connection: that is an ordinary sign-in", async () => {
      const { provider, link, subject } = await staleAdmin();
      const stranger = site().app.client();
      for (const client of [await site().clientOf(site().owner), stranger]) {
        const { searchParams } = new URL((await client.get(link)).location ?? "");
        assert.deepEqual([searchParams.get("prompt"), searchParams.get("max_age")], [null, null]);
      }
      const left = await stranger.get(link);
      const back = provider.authorize(left.location ?? "", subject);
      assert.equal((await stranger.get(back.pathname + back.search)).status, 303);
    });
  });
});
