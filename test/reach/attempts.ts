import assert from "node:assert/strict";
import { connectionCommands } from "../../src/cli/connections.ts";
import { tenantCommands } from "../../src/cli/tenants.ts";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import type { Connection } from "../../src/model.ts";
import { hashToken, randomToken } from "../../src/store/secrets.ts";
import { runCommand } from "../helpers/cli.ts";
import { testPassword } from "../helpers/people.ts";
import { revocationToken } from "../helpers/revocation.ts";
import { scimClient } from "../helpers/scim.ts";
import type { World } from "./world.ts";

export const targets = ["member", "admin", "owner"] as const;
export type Target = (typeof targets)[number];

/**
 * An attempt to take over or end another person's sign-in. "opens": the actor ends up signed in as the target. "ends": the
 * target's session ends.
 */
interface Attempt {
  title: string;
  effect: "opens" | "ends";
  /** The targets with whom it succeeds. "once approved": only because an owner has approved it. */
  reaches: Record<Target, boolean | "once approved">;
  try(world: World): Promise<void>;
}

const noTarget = { member: false, admin: false, owner: false };
const everyTarget = { member: true, admin: true, owner: true };
const butOwners = { member: true, admin: true, owner: false };
const linkedOnly = { member: true, admin: true, owner: "once approved" as const };

/** The attempts of a signed-in person in the console. They succeed depending on the role. */
function inTheConsole(
  opens: Attempt["reaches"],
  byPassword: Attempt["reaches"],
  ends: Attempt["reaches"],
): Attempt[] {
  return [
    {
      title: "creates a provisioning token and sets a password with it",
      effect: "opens",
      reaches: byPassword,
      async try({ browser, app, target, send, signInByPassword }) {
        const settings = { sourceConflict: "adopt", passwordSync: "on" };
        await send(browser, "/admin/provisioning", "/settings", settings);
        const made = await browser.post("/admin/provisioning/tokens", { source: "theirs", days: "1" });
        const { text } = made.location ? await browser.get(made.location) : made;
        // The page also shows the beginning of each token.
        const token = /oinscim_[\w-]{20,}/.exec(text)?.[0] ?? "none";
        await scimClient(app, token).patch(`/Users/${target.id}`, password("set by an attacker"));
        await signInByPassword("set by an attacker");
      },
    },
    {
      title: "switches on a connection to their own provider",
      effect: "opens",
      reaches: opens,
      async try(world) {
        const connection = await world.draftToEvil();
        await world.switchOn(world.browser, connection);
        if (world.role === "owner") await world.approve(world.browser, connection);
        await world.signInAtEvil(connection, { sub: world.target.sourceKey ?? "" });
      },
    },
    {
      title: "blocks",
      effect: "ends",
      reaches: ends,
      try: async ({ browser, send, page }) => void (await send(browser, page, "/block")),
    },
    {
      title: "signs out",
      effect: "ends",
      reaches: ends,
      try: async ({ browser, send, page }) => void (await send(browser, page, "/sign-out")),
    },
    {
      title: "unlinks an identity",
      effect: "ends",
      reaches: ends,
      async try({ browser, send, page, linked }) {
        await linked("subject");
        await send(browser, page, "/unlink");
      },
    },
  ];
}

const password = (value: string) => ({ op: "replace", path: "password", value });

/** The attempts of the guest of a set-up link. */
const asGuest: Attempt[] = [
  {
    title: "points a draft at their own provider, and switches it on",
    effect: "opens",
    reaches: noTarget,
    async try(world) {
      const connection = await world.draftToEvil();
      const token = randomToken();
      const purpose = { kind: "set-up-connection", connectionId: connection.id } as const;
      await world.acme.store.links.create(hashToken(token), purpose, Date.now() + 60_000);
      const guest = world.app.client();
      assert.equal((await guest.get(`/setup/${token}`)).status, 200);
      for (const act of ["activate", "review", "finish"]) await guest.post(`/setup/${token}/${act}`);
      await world.switchOn(guest, connection);
      await world.signInAtEvil(connection, { sub: world.target.sourceKey ?? "" });
    },
  },
  {
    title: "uses the buttons on the person's page",
    effect: "ends",
    reaches: noTarget,
    async try({ app, send, page }) {
      for (const act of ["/block", "/sign-out"]) await send(app.client(), page, act);
    },
  },
];

/** The attempts of the holder of a provisioning token, with every setting that an owner can switch on for it. */
const withToken: Attempt[] = [
  {
    title: "sets a password",
    effect: "opens",
    reaches: butOwners,
    async try({ scim, target, signInByPassword }) {
      await scim.patch(`/Users/${target.id}`, password("set by a machine"));
      await signInByPassword("set by a machine");
    },
  },
  {
    title: "takes the person over from another source, and sets a password",
    effect: "opens",
    reaches: butOwners,
    async try({ acme, app, target, signInByPassword }) {
      const { token } = await createToken(acme.store, "another source");
      await scimClient(app, token).patch(`/Users/${target.id}`, password("set by a machine"));
      await signInByPassword("set by a machine");
    },
  },
  {
    title: "gives the person the key of another user at the provider",
    effect: "opens",
    reaches: butOwners,
    async try(world) {
      const connection = await world.connectEvil();
      const change = { op: "replace", path: "externalId", value: "00u-mallory" };
      await world.scim.patch(`/Users/${world.target.id}`, change);
      await world.signInAtEvil(connection, { sub: "00u-mallory" });
    },
  },
  {
    title: "renames the person to another user at a provider whose subjects are login names",
    effect: "opens",
    reaches: butOwners,
    async try(world) {
      const connection = await world.linked(world.target.loginName, { subjectKind: "login-name" });
      const change = { op: "replace", path: "userName", value: "mallory@evil.example" };
      await world.scim.patch(`/Users/${world.target.id}`, change);
      await world.signInAtEvil(connection, { sub: "mallory@evil.example" });
    },
  },
  {
    title: "deactivates",
    effect: "ends",
    reaches: everyTarget,
    async try({ scim, target }) {
      await scim.patch(`/Users/${target.id}`, { op: "replace", path: "active", value: false });
    },
  },
  {
    title: "deletes",
    effect: "ends",
    reaches: everyTarget,
    try: async ({ scim, target }) => void (await scim.send("DELETE", `/Users/${target.id}`)),
  },
];

/** The attempts of an identity provider's administrator, through an active connection. */
const atProvider: Attempt[] = [
  {
    title: "gives the person's key to another user",
    effect: "opens",
    reaches: butOwners,
    try: async (world) =>
      await world.signInAtEvil(await world.connectEvil(), { sub: world.target.sourceKey ?? "" }),
  },
  {
    title: "gives the person's login name to another user",
    effect: "opens",
    reaches: butOwners,
    try: async (world) =>
      await world.signInAtEvil(await world.connectEvil(), { sub: "00u-new", email: world.target.loginName }),
  },
  {
    title: "gives the person's key to another user, after an owner approved the connection for the person",
    effect: "opens",
    reaches: linkedOnly,
    async try(world) {
      const connection = await world.connectEvil();
      if (world.role === "owner") await world.approve(world.ownersBrowser, connection);
      await world.signInAtEvil(connection, { sub: world.target.sourceKey ?? "" });
    },
  },
  {
    title: "signs in as the linked subject",
    effect: "opens",
    reaches: linkedOnly,
    try: async (world) => await world.signInAtEvil(await world.linked("subject"), { sub: "subject" }),
  },
  {
    title: "sends a Universal Logout",
    effect: "ends",
    reaches: everyTarget,
    async try({ acme, app, org, target }) {
      const settings = { issuer: org.issuer, clientId: `app-of-${acme.tenant.slug}` };
      const connection = await acme.connection({ settings });
      await acme.store.identities.add(connection.id, "subject", target.id);
      const path = "/global-token-revocation";
      const token = await revocationToken(org, settings.clientId, app.url + path);
      const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
      const body = { sub_id: { format: "iss_sub", iss: org.issuer, sub: "subject" } };
      await app.client().send("POST", path, headers, JSON.stringify(body));
    },
  },
];

/** The operator's commands. */
const asOperator: Attempt[] = [
  {
    title: "invites the person as an owner, and opens the link",
    effect: "opens",
    reaches: everyTarget,
    async try({ acme, app, database, target, became }) {
      const words = ["owner", "invite", acme.tenant.slug, "--email", target.loginName];
      const { json } = await runCommand(tenantCommands, database, words);
      const client = app.client();
      await client.post(new URL((json as { setupUrl: string }).setupUrl).pathname, {
        password: testPassword,
        repeated: testPassword,
      });
      became(client);
    },
  },
  {
    title: "switches off the connection that they came through",
    effect: "ends",
    reaches: everyTarget,
    async try(world) {
      const connection: Connection = await world.linked("subject");
      await world.signInThrough(connection);
      const words = [
        "connection",
        "disable",
        world.acme.tenant.slug,
        "--key",
        connection.key,
        "--type",
        "oidc",
      ];
      await runCommand(connectionCommands, world.database, words);
    },
  },
];

export interface Actor {
  name: string;
  /** The role of the actor's own account; null if they have none. */
  account: Target | null;
  attempts: Attempt[];
}

export const actors: Actor[] = [
  { name: "member", account: "member", attempts: inTheConsole(noTarget, noTarget, noTarget) },
  { name: "admin", account: "admin", attempts: inTheConsole(noTarget, noTarget, butOwners) },
  { name: "owner", account: "owner", attempts: inTheConsole(everyTarget, butOwners, everyTarget) },
  { name: "guest of a set-up link", account: null, attempts: asGuest },
  { name: "provisioning token", account: null, attempts: withToken },
  { name: "identity provider", account: null, attempts: atProvider },
  { name: "operator", account: null, attempts: asOperator },
];

/** The rows of the table in docs/explanation/people.md, one per actor. */
export function tableOfReach(): string[] {
  const cell = ({ attempts }: Actor, target: Target) => {
    const reached = (effect: Attempt["effect"]) =>
      attempts.filter((attempt) => attempt.effect === effect).map(({ reaches }) => reaches[target]);
    const opens = reached("opens");
    const words = [
      ...(opens.includes(true) ? ["opens"] : opens.includes("once approved") ? ["opens once approved"] : []),
      ...(reached("ends").some(Boolean) ? ["ends"] : []),
    ];
    return words.join(", ") || "nothing";
  };
  return actors.map((actor) => {
    const own = actor.account ? "opens, ends" : "has none";
    return `| ${[actor.name, own, ...targets.map((target) => cell(actor, target))].join(" | ")} |`;
  });
}
