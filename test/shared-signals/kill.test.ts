import assert from "node:assert/strict";
import type { User } from "../../src/model.ts";
import { createTestDatabase, engines, type TestDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, type TestTenant } from "../helpers/people.ts";
import { newSecrets, type RunningServer, startServer, until } from "../helpers/processes.ts";
import { type RevokingOrg, startRevokingOrg } from "../helpers/revocation.ts";
import { connectStream, email, signSet } from "./world.ts";

const events = 150;
const atOnce = 4;
/** The server is killed when so many events are acknowledged. */
const kills = [30, 80];
const headers = {
  authorization: "Bearer a-header-of-our-choice",
  "content-type": "application/secevent+jwt",
};

describe("a stream of events while the server is killed", () => {
  for (const engine of engines) {
    describe(`on ${engine}`, () => {
      let current: TestDatabase;
      let org: RevokingOrg;
      let acme: TestTenant;
      let ada: User;
      let path: string;
      let server: RunningServer;
      const environment = { ...newSecrets(), INSECURE_ALLOW_PRIVATE_NETWORK: "1" };

      before(async () => {
        current = await createTestDatabase(engine);
        org = await startRevokingOrg();
        acme = await createTestTenant(current.database);
        const connection = await acme.connection({ settings: { issuer: org.issuer, clientId: "app" } });
        await connectStream(acme.store, connection, org.issuer);
        ada = await createLocalAccount(acme.store, email);
        path = `/shared-signals/${connection.key}`;
        server = await startServer(current.url, environment);
      });
      after(async () => {
        server.child.kill("SIGTERM");
        await server.ended;
        await org.close();
        await current.dispose();
      });

      /** Pushes as a transmitter does: again, until there is an answer. */
      async function deliver(set: string): Promise<void> {
        const push = () =>
          fetch(`http://127.0.0.1:${server.port}${path}`, { method: "POST", headers, body: set });
        await until(
          "the event is acknowledged",
          async () => (await push().catch(() => null))?.status === 202,
          60,
        );
      }

      it("loses no event and acts on none twice", async () => {
        const sets = await Promise.all(Array.from({ length: events }, () => signSet(org)));
        const [waiting, planned] = [[...sets], [...kills]];
        let acknowledged = 0;
        let restarting = Promise.resolve();
        const work = async () => {
          for (let set = waiting.pop(); set !== undefined; set = waiting.pop()) {
            await deliver(set);
            acknowledged += 1;
            if (acknowledged === planned[0]) {
              planned.shift();
              restarting = restart();
            }
          }
        };
        const restart = async () => {
          server.child.kill("SIGKILL");
          assert.equal(await server.ended, null);
          server = await startServer(current.url, environment);
        };
        await Promise.all(Array.from({ length: atOnce }, work));
        await restarting;
        assert.deepEqual(planned, []);
        // A transmitter that lost its own notes sends everything once more.
        for (const set of sets) await deliver(set);

        const count = async (table: string) => (await current.database.sql()(table)).length;
        assert.equal(await count("received_signals"), events);
        assert.equal(await count("activity"), events);
        const { accessEpoch } = (await acme.store.users.byId(ada.id)) ?? assert.fail();
        assert.equal(accessEpoch, ada.accessEpoch + events);
      }).timeout(180_000);
    });
  }
});
