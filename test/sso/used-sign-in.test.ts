import assert from "node:assert/strict";
import { landingPath } from "../../src/web/home.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { useHostileSite } from "../helpers/hostile-sign-in.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { plantSession } from "../helpers/site.ts";

const notStarted = "sign-in-not-started-here";

onOneDatabase((use) => {
  describe("going back to a used callback", () => {
    const site = useHostileSite(use);
    let people = 0;

    async function signedIn() {
      const journey = await site().journey();
      journey.provider.codesLast = true;
      const back = await site().leave(journey, `00u-back-${people++}`);
      assert.equal((await journey.client.get(back)).status, 303);
      return { journey, back };
    }

    it("sends a signed-in person on, and redeems nothing", async () => {
      const { journey, back } = await signedIn();
      const cookie = journey.client.cookies.get("session");
      for (const round of [1, 2]) {
        assertRedirect(await journey.client.get(back), landingPath);
        assert.equal(journey.provider.asked.token, 1, `round ${round}`);
      }
      assert.equal(journey.client.cookies.get("session"), cookie, "the session is the same");
    });

    it("sends a person on who came back with an error and then signed in", async () => {
      const { journey } = await signedIn();
      const path = `/oidc/${journey.connection.key}/callback?state=used&error=access_denied`;
      assertRedirect(await journey.client.get(path), landingPath);
    });

    it("sends a person on who signed in to the tenant with a password", async () => {
      const { journey, back } = await signedIn();
      assertRedirect(await (await site().clientOf(site().owner)).get(back), landingPath);
      assert.equal(journey.provider.asked.token, 1);
    });

    it("is refused in a browser that is signed in to another tenant", async () => {
      const { back } = await signedIn();
      const { tenant, store } = await site().anotherTenant();
      const other = site().app.client();
      const user = await createLocalAccount(store, "eve@evil.example");
      other.cookies.set("session", await plantSession(use(), tenant, user));
      await site().refuses(notStarted, () => other.get(back));
    });

    it("is refused in a browser that is not signed in, or not any more", async () => {
      const { journey, back } = await signedIn();
      await site().refuses(notStarted, () => site().app.client().get(back));
      await journey.client.post("/logout");
      await site().refuses(notStarted, () => journey.client.get(back));
    });

    for (const [name, query] of [
      ["without a state", "?code=x"],
      ["with two states", "?state=a&state=b"],
    ] as const) {
      it(`is an error for a signed-in person, too, ${name}`, async () => {
        const { journey } = await signedIn();
        const answer = await journey.client.get(`/oidc/${journey.connection.key}/callback${query}`);
        assert.equal(answer.status, 403);
      });
    }

    it("does not hide a sign-in that the provider refuses", async () => {
      const { journey } = await signedIn();
      journey.provider.deviation = { callback: (url) => url.searchParams.set("error", "access_denied") };
      await site().refuses("provider-refused", () => site().signIn(journey));
    });
  });
});
