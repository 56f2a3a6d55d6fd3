import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { signIn } from "../../src/directory/sign-in.ts";
import type { Connection } from "../../src/model.ts";
import { createTestDatabase, engines, type TestDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import {
  createLocalAccount,
  createTestTenant,
  identityOf,
  type TestTenant,
  testPassword,
} from "../helpers/people.ts";
import { newSecrets, type RunningServer, startServer, until } from "../helpers/processes.ts";
import {
  accept,
  type SignalReceiver,
  sendingConnection,
  startSignalReceiver,
} from "../helpers/signal-receiver.ts";

/** The moments at which the server dies. Each says how the org treats the request that is under way then. */
const moments: Record<string, (org: SignalReceiver, res: ServerResponse) => void> = {
  "before the org has accepted the signal": () => undefined,
  "after the org has accepted the signal, and before it answers": (org) =>
    accept(org, org.tokens.at(-1) ?? ""),
  "after the org has answered": (org, res) => {
    accept(org, org.tokens.at(-1) ?? "");
    res.writeHead(202).end();
  },
};

describe("signals of a server that is killed", () => {
  for (const engine of engines) {
    describe(`on ${engine}`, () => {
      let current: TestDatabase;
      let acme: TestTenant;
      let org: SignalReceiver;
      let connection: Connection;
      const secrets = { ...newSecrets(), INSECURE_ALLOW_PRIVATE_NETWORK: "1" };
      const start = () => startServer(current.url, secrets);
      /** The last recovery started it, and the next test kills it: a start takes seconds. */
      let recovered: RunningServer | undefined;
      let people = 0;

      before(async () => {
        current = await createTestDatabase(engine);
        acme = await createTestTenant(current.database);
        await createLocalAccount(acme.store, "owner@acme.example", "owner");
        org = await startSignalReceiver();
        connection = await sendingConnection(acme, org, Buffer.from(secrets.DATA_KEY, "base64"));
      });
      after(async () => {
        if (recovered) await kill(recovered);
        await org.close();
        await current.dispose();
      });

      const signInSomeone = () =>
        signIn(acme.store, identityOf(connection, `person-${people++}@acme.example`));
      const messages = () => acme.store.outbox.ofConnection(connection.id, 99);
      async function running(): Promise<RunningServer> {
        const server = recovered ?? (await start());
        recovered = undefined;
        return server;
      }
      async function kill(server: RunningServer): Promise<void> {
        server.child.kill("SIGKILL");
        await server.ended;
      }
      /** Lets the leases of the dead expire now, instead of waiting for it. */
      const expireLeases = () =>
        current.database.sql()("outbox").whereNotNull("due_at").update({ due_at: Date.now() });
      /** Runs a server until nothing waits, and asserts that the org has accepted each signal exactly once. */
      async function recover(): Promise<void> {
        await expireLeases();
        recovered = await start();
        const isSettled = async () => (await messages()).every(({ state }) => state !== "waiting");
        await until("everything is sent", isSettled, 30);
        const sent = await messages();
        assert.deepEqual([...new Set(sent.map(({ state }) => state))], ["sent"]);
        assert.deepEqual([...org.accepted].sort(), sent.map(({ id }) => id).sort());
      }

      it("are not lost if it dies right after the change", async () => {
        const { user } = await signInSomeone();
        const server = await running();
        const owner = server.client();
        await owner.signIn(acme.tenant.slug, "owner@acme.example", testPassword);
        assert.equal((await submit(owner, `/admin/people/${user.id}`, "/block")).status, 303);
        await kill(server);
        assert.equal((await messages()).length, 2);
        await recover();
      });

      for (const [moment, treat] of Object.entries(moments)) {
        it(`are neither lost nor doubled if it dies ${moment}`, async () => {
          const server = await running();
          const died = new Promise<void>((resolve) => {
            org.intercept = (_req, res) => {
              org.intercept = () => true;
              treat(org, res);
              resolve(kill(server));
              return true;
            };
          });
          for (let count = 0; count < 3; count++) await signInSomeone();
          await died;
          org.intercept = null;
          await recover();
        });
      }

      it("are sent by another replica, once the lease of the dead one has expired", async () => {
        const [first, second] = await Promise.all([running(), start()]);
        const before = org.accepted.length;
        for (let count = 0; count < 20; count++) await signInSomeone();
        await until("the first signals are sent", () => org.accepted.length > before);
        await kill(first);
        await expireLeases();
        await until("everything is sent", async () =>
          (await messages()).every(({ state }) => state === "sent"),
        );
        await kill(second);
        assert.equal(org.accepted.length, before + 20);
        assert.deepEqual([...new Set(org.accepted)], org.accepted);
      });
    });
  }
});
