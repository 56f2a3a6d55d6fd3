import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { exportJWK } from "jose";
import { hashToken } from "../../src/store/secrets.ts";
import type { TestDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, type TestTenant } from "../helpers/people.ts";
import { type RevokingOrg, startRevokingOrg } from "../helpers/revocation.ts";
import { newStream } from "../helpers/signals.ts";
import { connectStream, type SignalSite } from "./world.ts";

/** The site of world.ts, and everyone who has no business there. */
export interface HostileSignals extends SignalSite {
  /** Another tenant, with an org, a header and a stream of its own. */
  bravo: TestTenant;
  bravoOrg: RevokingOrg;
  bravoPath: string;
  /** The push URLs of acme's other streams. */
  paths: Record<"noHeader" | "switchedOff" | "noAudience" | "noTransmitter" | "down" | "disabled", string>;
  /** A key of 1,024 bits that the org publishes. */
  weakKey: KeyObject;
  close(): Promise<void>;
}

/** The state of the verification in flight on acme's stream, and of one on bravo's. */
export const state = { acme: "acme's state", bravo: "bravo's state" };

export async function startHostileSignals(
  site: SignalSite,
  { database }: TestDatabase,
): Promise<HostileSignals> {
  const { acme, org } = site;
  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const weakJwk = { ...(await exportJWK(weak.publicKey)), kid: "weak", alg: "RS256", use: "sig" };
  const { keys } = (await (await fetch(`${org.issuer}/oauth2/v1/keys`)).json()) as { keys: object[] };
  org.documents.set("/oauth2/v1/keys", { keys: [...keys, weakJwk] });

  const stateOf = (text: string) => ({ stateHash: hashToken(text), verificationRequestedAt: Date.now() });
  await acme.store.signalStreams.update((await site.stream()).id, stateOf(state.acme));
  const bravo = await createTestTenant(database);
  const bravoOrg = await startRevokingOrg();
  const theirs = await bravo.connection({ settings: { issuer: bravoOrg.issuer, clientId: "app" } });
  const headerHash = hashToken("Bearer bravo's");
  const settings = { ...stateOf(state.bravo), headerHash, audiences: ["https://receiver.example/bravo"] };
  await connectStream(bravo.store, theirs, bravoOrg.issuer, settings);
  await createLocalAccount(bravo.store, "eve@bravo.example");

  const other = async (...changes: Parameters<typeof connectStream>[3][]) => {
    const connection = await acme.connection({ settings: { issuer: org.issuer, clientId: "other" } });
    await connectStream(acme.store, connection, org.issuer, Object.assign({}, ...changes));
    return connection;
  };
  const switchedOff = await other();
  await acme.store.connections.update(switchedOff.id, { status: "disabled" });
  const noTransmitter = await acme.connection();
  const fresh = newStream(noTransmitter);
  await acme.store.signalStreams.create(fresh);
  await acme.store.signalStreams.update(fresh.id, { headerHash: hashToken("Bearer a-header-of-our-choice") });
  const downOrg = await startRevokingOrg();
  downOrg.down = true;
  const transmitter = (await site.stream()).transmitter;
  const down = transmitter && { ...transmitter, jwksUri: `${downOrg.issuer}/oauth2/v1/keys` };
  const pathOf = ({ key }: { key: string }) => `/shared-signals/${key}`;
  return {
    ...site,
    bravo,
    bravoOrg,
    bravoPath: pathOf(theirs),
    weakKey: weak.privateKey,
    paths: {
      noHeader: pathOf(await other({ headerHash: null })),
      switchedOff: pathOf(switchedOff),
      noAudience: pathOf(await other({ status: "connecting", audiences: null })),
      noTransmitter: pathOf(noTransmitter),
      down: pathOf(await other({ transmitter: down })),
      disabled: pathOf(await other({ status: "disabled" })),
    },
    async close() {
      await bravoOrg.close();
      await downOrg.close();
    },
  };
}
