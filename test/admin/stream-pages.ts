import assert from "node:assert/strict";
import type { ConnectionInput } from "../../src/directory/connections.ts";
import { wantedEvents } from "../../src/shared-signals/stream-policy.ts";
import type { SignalStreamChanges } from "../../src/store/tenant/signal-streams.ts";
import type { PageCase } from "../helpers/every-page.ts";
import { protocolsWithoutOrg, richestProtocol } from "../helpers/protocols.ts";
import { newStream } from "../helpers/signals.ts";
import type { Site } from "../helpers/site.ts";

/** The pages of shared signals, in each state of a stream. */
export async function streamPages({ acme, owner }: Site): Promise<PageCase[]> {
  const issuer = "https://signals.acme.example";
  const connected: SignalStreamChanges = {
    status: "enabled",
    sealedRefreshToken: "sealed",
    transmitter: {
      issuer,
      jwksUri: `${issuer}/oauth2/v1/keys`,
      configurationEndpoint: `${issuer}/api/v1/ssf/stream`,
      statusEndpoint: `${issuer}/api/v1/ssf/stream/status`,
      verificationEndpoint: `${issuer}/api/v1/ssf/stream/verification`,
    },
    providerStreamId: "esc1",
    audiences: [issuer],
    eventsRequested: [...wantedEvents],
    eventsDelivered: [...wantedEvents],
  };
  const streams: [name: string, changes: SignalStreamChanges][] = [
    ["without consent", {}],
    ["with consent and without a stream", { sealedRefreshToken: "sealed" }],
    ["waiting for its verification", { ...connected, verificationRequestedAt: Date.now() - 90_000 }],
    ["verified", { ...connected, verifiedAt: Date.now() - 3_600_000 }],
    [
      "paused for a reason",
      { ...connected, status: "paused", statusReason: "<b>Maintenance</b> \u202e of the org" },
    ],
    ["paused here", { ...connected, isPausedHere: true }],
    ["paused here and by the org", { ...connected, status: "paused", isPausedHere: true }],
    ["whose authorization has ended", { ...connected, sealedRefreshToken: null }],
  ];
  const known = { type: richestProtocol.type, settings: richestProtocol.settingsAt(issuer) };
  const pageOf = async (
    name: string,
    changes: SignalStreamChanges | null,
    wanted: Partial<ConnectionInput> = known,
  ): Promise<PageCase> => {
    const connection = await acme.connection(wanted);
    if (changes) {
      const stream = newStream(connection);
      await acme.store.signalStreams.create(stream);
      await acme.store.signalStreams.update(stream.id, changes);
      await acme.store.signalStreams.recordEvent(stream.id, wantedEvents[0] ?? assert.fail());
    }
    const path = `/admin/connections/${connection.id}/signals`;
    return { name: `shared signals ${name}`, path, status: 200, as: owner };
  };
  const pages = [await pageOf("not connected", null)];
  for (const { type, settings } of protocolsWithoutOrg)
    pages.push(await pageOf(`without an org, by ${type}`, null, { type, settings }));
  for (const [name, changes] of streams) pages.push(await pageOf(name, changes));
  const [first = assert.fail()] = pages;
  const empty = { name: "the client of shared signals sent empty", path: `${first.path}/connect`, form: {} };
  return [...pages, { ...empty, status: 303, as: owner }];
}
