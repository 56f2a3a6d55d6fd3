import type { Answer } from "../helpers/client.ts";
import { jwtBearer } from "../helpers/id-jag.ts";
import type { HostileWorld } from "./hostile-world.ts";

const good = async ({ agent, idJag }: HostileWorld) =>
  new URLSearchParams({
    grant_type: jwtBearer,
    assertion: await idJag(),
    client_id: agent.clientId,
    client_secret: agent.secret,
  });
const type = "application/x-www-form-urlencoded";

/** Requests that are refused before any rule is applied. */
export const malformedRequests: readonly [string, number, (world: HostileWorld) => Promise<Answer>][] = [
  ["GET", 405, async (world) => world.app.client().get(`/oauth2/token?${await good(world)}`)],
  ["PUT", 405, async (world) => world.app.client().send("PUT", "/oauth2/token", {}, await good(world))],
  [
    "a body of 20,000 bytes",
    413,
    async (world) => {
      const body = `${await good(world)}&more=${"x".repeat(20_000)}`;
      return await world.app.client().send("POST", "/oauth2/token", { "content-type": type }, body);
    },
  ],
  [
    "2,000 parameters",
    413,
    async (world) => {
      const body = `${await good(world)}${"&a=".repeat(2000)}`;
      return await world.app.client().send("POST", "/oauth2/token", { "content-type": type }, body);
    },
  ],
  [
    "parameters in the query instead of the body",
    401,
    async (world) =>
      world.app.client().send("POST", `/oauth2/token?${await good(world)}`, { "content-type": type }, ""),
  ],
];
