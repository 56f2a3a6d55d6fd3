import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { startTestApp } from "../helpers/app.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { startOpenIdProvider } from "../helpers/openid-provider.ts";
import { orgOptions } from "../helpers/org.ts";
import { testPassword } from "../helpers/people.ts";
import { startRevokingOrg } from "../helpers/revocation.ts";
import { sessionSecret } from "../helpers/site.ts";
import { actors, tableOfReach, targets } from "./attempts.ts";
import { createWorld, type Surroundings } from "./world.ts";

describe("access to other people's sign-ins", () => {
  it("is as the table in docs/explanation/people.md says", () => {
    const page = readFileSync(new URL("../../docs/explanation/people.md", import.meta.url), "utf8");
    const words = (line: string) => line.replace(/\s+/g, " ").trim();
    const rows = page.split("\n").map(words);
    for (const line of tableOfReach()) assert.ok(rows.includes(words(line)), `the page lacks: ${line}`);
  });

  onEachDatabase((use) => {
    let around: Surroundings;
    before(async () => {
      const { database } = use();
      const [evil, org] = [await startOpenIdProvider(), await startRevokingOrg()];
      around = { database, evil, org, app: await startTestApp(database, { sessionSecret, ...orgOptions }) };
    });
    after(async () => {
      await around.app.close();
      await Promise.all([around.evil.close(), around.org.close()]);
    });

    for (const { name, account, attempts } of actors) {
      describe(name, () => {
        for (const target of targets) {
          for (const { title, effect, reaches, try: attempt } of attempts) {
            const verb = { opens: ["opens", "does not open"], ends: ["ends", "does not end"] }[effect];
            it(`${verb[reaches[target] ? 0 : 1]} the sign-in of ${target === "member" ? "a" : "an"} ${target}: ${title}`, async () => {
              const world = await createWorld(around, account, target);
              await attempt(world);
              const isReached = effect === "opens" ? await world.isOpened() : await world.isEnded();
              assert.equal(isReached, Boolean(reaches[target]));
            });
          }
        }

        if (account) {
          it("opens and ends their own sign-in", async () => {
            const { app, acme } = await createWorld(around, account, "member");
            const client = app.client();
            await client.signIn(acme.tenant.slug, "actor@acme.example", testPassword);
            assert.equal((await client.get("/me")).status, 200);
            await client.post("/logout");
            assert.equal((await client.get("/me")).status, 401);
          });
        } else {
          it("has no session of their own", async () => {
            const { browser, scim } = await createWorld(around, account, "member");
            for (const headers of [{}, { authorization: scim.authorization }])
              assert.equal((await browser.get("/me", headers)).status, 401);
          });
        }
      });
    }
  });
});
