/**
 * A foreign SCIM server: scimmy-routers on Express 5, all in memory. A separate program, because scimmy's settings are
 * global to a process, and our own server reads its schemas. Prints its URL.
 */
import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const token = process.argv[2];

/** The part of a handler's arguments that this server uses. */
interface Asked {
  id?: string;
  filter?: { match(values: Stored[]): Stored[] };
}
type Stored = { id: string; meta: object } & Record<string, unknown>;

/** A collection with one unique attribute. */
function collection(name: string, unique: string) {
  const stored = new Map<string, Stored>();
  const same = (one: unknown, other: unknown) => String(one).toLowerCase() === String(other).toLowerCase();
  const read = (id: string) => {
    const found = stored.get(id);
    if (!found) throw new SCIMMY.Types.Error(404, null as never, `${name} ${id} not found`);
    return found;
  };
  return {
    ingress(asked: Asked, instance: object) {
      const id = asked.id ?? randomUUID();
      if (asked.id) read(asked.id);
      const values = JSON.parse(JSON.stringify(instance)) as Record<string, unknown>;
      const taken = [...stored.values()].some(
        (other) => other.id !== id && same(other[unique], values[unique]),
      );
      if (taken) throw new SCIMMY.Types.Error(409, "uniqueness", `${unique} is taken`);
      const now = new Date();
      const kept = { ...values, id, meta: { created: now, lastModified: now } };
      stored.set(id, kept);
      return kept;
    },
    egress(asked: Asked) {
      if (asked.id) return read(asked.id);
      const all = [...stored.values()];
      return asked.filter ? asked.filter.match(all) : all;
    },
    degress(asked: Asked) {
      read(asked.id ?? "");
      stored.delete(asked.id ?? "");
    },
  };
}

SCIMMY.Resources.declare(SCIMMY.Resources.User, collection("User", "userName") as never);
SCIMMY.Resources.declare(SCIMMY.Resources.Group, collection("Group", "displayName") as never);

const app = express();
const handler = (req: express.Request) => {
  if (req.get("authorization") !== `Bearer ${token}`) throw new Error("The token is not valid.");
  return "okta";
};
app.use("/scim", new SCIMMYRouters({ type: "bearer", handler: handler as never }) as never);
const server = app.listen(0, "127.0.0.1", () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/scim\n`);
});
