import { calculateJwkThumbprint } from "jose";
import { signIdJag } from "../helpers/id-jag.ts";
import { claims, form, type HostileRequest, refusedBy, seconds } from "./hostile-table.ts";
import type { HostileWorld } from "./hostile-world.ts";

const person = (sub: string, more: Record<string, unknown> = {}): HostileRequest["send"] =>
  claims(() => ({ sub, ...more }));

const people = refusedBy(
  "person-admitted",
  { otherwise: "directory" },
  ["a deactivated person", person("00u-inactive")],
  ["a blocked person", person("00u-blocked")],
  ["an owner whom no owner approved for this connection", person("00u-owner")],
  ["an unknown person without an address", person("00u-new")],
  ["an unknown person with another person's address", person("00u-new", { email: "taken@acme.example" })],
  ["an unknown person with an owner's address", person("00u-new", { email: "owner@acme.example" })],
  ["an unknown person with a NUL in the address", person("00u-new", { email: "a\0@acme.example" })],
  ["a person's subject in another case", person("00U1")],
  ["a person's subject with a space", person("00u1 ")],
  ["a deleted person", person("00u-deleted", { email: "deleted@acme.example" })],
  [
    "an unknown person at a connection without just-in-time creation",
    fromOrg("noNewcomers", { sub: "00u-new", email: "new@acme.example" }),
  ],
  ["the subject of another tenant's person, from one's own org", fromOrg("bravo", {})],
);

function fromOrg(name: "noNewcomers" | "bravo", more: Record<string, unknown>): HostileRequest["send"] {
  return async (world) => {
    const { app, agent, orgs } = world;
    return await world.send(await signIdJag(orgs[name], app.url, agent.clientId, { claims: more }));
  };
}

const agents = [
  ...refusedBy("agent-not-blocked", {}, [
    "a client that the tenant blocked",
    (world) => world.exchangeAs(world.agents.blocked),
  ]),
  ...refusedBy("access-not-revoked", {}, [
    "a client whose access the person took away",
    (world) => world.exchangeAs(world.agents.unwelcome, { claims: { sub: "00u-revoked" } }),
  ]),
  ...refusedBy(
    "client-of-tenant",
    { otherwise: "tenant-named" },
    ["another tenant's client", (world) => world.exchangeAs(world.agents.ofBravo)],
    [
      "another tenant's client that names the tenant",
      (world) => world.exchangeAs(world.agents.ofBravo, { claims: { aud_tenant: world.connection.key } }),
    ],
  ),
];

const scopes = refusedBy(
  "scope-left",
  { error: "invalid_scope" },
  ["a scope that the org did not grant", async (world) => raised(world, "tasks.read", "tasks.write")],
  ["an unknown scope", form({ scope: "admin" })],
  ["a scope in another case", form({ scope: "TASKS.READ" })],
  ["scopes separated by commas", form({ scope: "tasks.read,tasks.write" })],
  ["an unknown scope that the org granted", claims(() => ({ scope: "admin" }))],
  ["every scope by a star", claims(() => ({ scope: "*" }))],
  ["a blank scope that the org granted", claims(() => ({ scope: " " }))],
  [
    "a scope that the client may not have",
    (world) => world.exchangeAs(world.agents.readOnly, { claims: { scope: "tasks.write" } }),
  ],
);

function raised(world: HostileWorld, granted: string, asked: string) {
  return world.exchange({ claims: { scope: granted } }, { scope: asked });
}

/** An assertion bound to the proof's key, with a proof in which something is wrong. */
const bound =
  (proof: (world: HostileWorld) => Promise<string> | null): HostileRequest["send"] =>
  async (world) => {
    const jkt = await calculateJwkThumbprint(world.proofKey.jwk);
    const header = await proof(world);
    return await world.exchange({ claims: { cnf: { jkt } } }, {}, header === null ? {} : { dpop: header });
  };
/** The same with an assertion that is not bound: the proof alone is wrong. */
const proved =
  (proof: (world: HostileWorld) => Promise<string>): HostileRequest["send"] =>
  async (world) =>
    await world.exchange({}, {}, { dpop: await proof(world) });

/** RFC 8705 §3.1. */
const certificate = { "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" };

const bindings = [
  ...refusedBy("proof-given", { otherwise: "proof-key" }, [
    "a bound assertion without a proof",
    bound(() => null),
  ]),
  ...refusedBy("proof-given", {}, [
    "an assertion that is bound by a certificate, without a proof",
    claims(() => ({ cnf: certificate })),
  ]),
  ...refusedBy(
    "proof-key",
    {},
    ["a bound assertion with another key's proof", bound((world) => world.prove({}, {}, world.strangersKey))],
    [
      "an assertion that is bound by a certificate",
      async (world) => {
        const dpop = await world.prove();
        return await world.exchange({ claims: { cnf: certificate } }, {}, { dpop });
      },
    ],
  ),
];

const proofs = refusedBy(
  "proof-valid",
  { error: "invalid_dpop_proof" },
  ["a proof for another method", proved(({ prove }) => prove({ htm: "GET" }))],
  [
    "a proof for another address",
    proved(({ prove }) => prove({ htu: "https://elsewhere.example/oauth2/token" })),
  ],
  ["a proof for another path", proved(({ prove, app }) => prove({ htu: `${app.url}/mcp` }))],
  ["a proof without an address", proved(({ prove }) => prove({ htu: undefined }))],
  ["a proof without an id", proved(({ prove }) => prove({ jti: undefined }))],
  ["a proof of an hour ago", proved(({ prove }) => prove({ iat: seconds() - 3600 }))],
  ["a proof from the future", proved(({ prove }) => prove({ iat: seconds() + 600 }))],
  ["a proof without a time", proved(({ prove }) => prove({ iat: undefined }))],
  ["a proof of another type", proved(({ prove }) => prove({}, { typ: "JWT" }))],
  ["a proof without its key", proved(({ prove }) => prove({}, { jwk: undefined }))],
  [
    "a proof with another key inside",
    proved(({ prove, strangersKey }) => prove({}, { jwk: strangersKey.jwk })),
  ],
  [
    "a proof with the private key inside",
    proved(({ prove, proofKey }) => prove({}, { jwk: proofKey.privateKey.export({ format: "jwk" }) })),
  ],
  ["a proof by alg none", proved(async ({ prove }) => unsigned(await prove()))],
  ["a text instead of a proof", proved(() => Promise.resolve("nonsense"))],
  ["two proofs in one header", proved(async ({ prove }) => `${await prove()}, ${await prove()}`)],
  [
    "a proof that was used before",
    async (world) => {
      const dpop = await world.prove();
      await world.exchange({}, {}, { dpop });
      return await world.exchange({}, {}, { dpop });
    },
  ],
);

function unsigned(proof: string): string {
  const [head = "", body] = proof.split(".");
  const other = { ...JSON.parse(Buffer.from(head, "base64url").toString()), alg: "none" };
  return `${Buffer.from(JSON.stringify(other)).toString("base64url")}.${body}.`;
}

/** Faults of the person, of the wish or of the proof. */
export const hostilePeople: readonly HostileRequest[] = [
  ...people,
  ...agents,
  ...scopes,
  ...bindings,
  ...proofs,
];
