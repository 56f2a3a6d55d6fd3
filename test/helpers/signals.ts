import { randomUUID } from "node:crypto";
import type { Connection } from "../../src/model.ts";
import type { NewSignalStream } from "../../src/store/tenant/signal-streams.ts";

/** A stream of shared signals that an administrator has begun to set up. */
export function newStream({ id, key }: Pick<Connection, "id" | "key">): NewSignalStream {
  return {
    id: randomUUID(),
    connectionId: id,
    connectionKey: key,
    clientId: "0oa2",
    sealedClientSecret: "sealed",
    eventsRequested: [],
    credentialChangeEndsSessions: false,
  };
}
