import { timingSafeEqual } from "node:crypto";
import express, { type RequestHandler, Router } from "express";
import { z } from "zod";
import { pushGroups } from "./groups.ts";
import { newSamlKey } from "./keys.ts";
import { appOf, type Org, type OrgAdmin } from "./org.ts";
import { assign } from "./people.ts";
import { testCredentials } from "./provisioning.ts";
import { isSaml, metadataUrlOf } from "./saml.ts";
import { emptyState, newId, type OrgApp, type OrgPerson, type SamlSignOn } from "./state.ts";

const person = z.object({ id: z.string(), login: z.string(), firstName: z.string(), lastName: z.string() });
const signOn = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("oidc"),
    redirectUris: z.array(z.string()),
    postLogoutRedirectUris: z.array(z.string()),
    initiateLoginUri: z.string(),
  }),
  z.object({
    kind: z.literal("saml"),
    acsUrl: z.string(),
    audience: z.string(),
    attributeStatements: z.array(z.object({ name: z.string(), expression: z.string() })),
  }),
]);
const customer = z.object({
  label: z.string(),
  signOn,
  universalLogout: z.object({ url: z.string(), subjectFormat: z.enum(["email", "iss_sub"]) }),
  /** Everybody is assigned to the app; provisioning does not know of them yet. */
  people: z.array(person),
  /** Members by login. */
  groups: z.array(z.object({ id: z.string(), name: z.string(), members: z.array(z.string()) })),
});
const provisioned = z.object({
  appId: z.string(),
  baseUrl: z.string(),
  token: z.string(),
  /** Whom to push; the others stay assigned, "not provisioned yet". By login. */
  people: z.array(z.string()),
});

export type Customer = z.infer<typeof customer>;
export type Provisioned = z.infer<typeof provisioned>;

/** What an app of a customer was given. */
export interface SeededApp {
  id: string;
  /** Null for SAML. */
  clientSecret: string | null;
  /** Null for OIDC. */
  metadataUrl: string | null;
}

/** How the demo makes the org as it wants it: with a secret that both were started with. */
export function controlRoutes(org: OrgAdmin, secret: string): Router {
  const router = Router();
  router.use("/demo", holders(secret), express.json({ limit: "1mb" }));
  router.get("/demo/state", (_req, res) => {
    res.json({ apps: Object.keys(org.store.state.apps).length });
  });
  router.post("/demo/seed", async (req, res) => {
    res.json(await seed(org, z.array(customer).parse(req.body)));
  });
  router.post("/demo/provision", async (req, res) => {
    const problems = await Promise.all(
      z
        .array(provisioned)
        .parse(req.body)
        .map((one) => provision(org, one)),
    );
    res.json({ problems: problems.flat() });
  });
  return router;
}

function holders(secret: string): RequestHandler {
  const expected = Buffer.from(`Bearer ${secret}`);
  return (req, res, next) => {
    const given = Buffer.from(req.headers.authorization ?? "");
    if (given.length === expected.length && timingSafeEqual(given, expected)) return next();
    res.status(401).end();
  };
}

/** Empties the org and fills it. Its keys stay, so that what an application remembers of them goes on being right. */
async function seed(org: OrgAdmin, customers: Customer[]): Promise<SeededApp[]> {
  await org.provisioner.stopAll();
  org.sessions.endAll();
  org.calls.clear();
  const { keys, idpId, apps: before } = org.store.state;
  const samlKeys = Object.values(before).flatMap(({ signOn }) => (signOn.kind === "saml" ? [signOn] : []));
  org.store.replace({ ...emptyState(), keys, idpId });
  const apps: SeededApp[] = [];
  for (const one of customers) {
    const samlKey = one.signOn.kind === "saml" ? samlKeys.shift() : undefined;
    apps.push(describe(org, await addCustomer(org, one, samlKey)));
  }
  org.store.changed();
  return apps;
}

async function addCustomer(
  org: OrgAdmin,
  { label, signOn: wanted, universalLogout, people, groups }: Customer,
  samlKey: SamlKey | undefined,
) {
  const { state } = org.store;
  const ids = new Map<string, string>();
  for (const { id, login, firstName, lastName } of people) {
    const added: OrgPerson = {
      id,
      login,
      email: login,
      firstName,
      middleName: "",
      lastName,
      status: "ACTIVE",
    };
    state.people[added.id] = added;
    ids.set(login, added.id);
  }
  const app: OrgApp = {
    id: newId("0oa"),
    name: "demo_app",
    label,
    active: true,
    provisioning: null,
    universalLogout,
    signOn:
      wanted.kind === "oidc"
        ? { ...wanted, clientSecret: newId("") }
        : await samlSignOn(org, wanted, samlKey),
    assignments: {},
    pushGroups: {},
  };
  state.apps[app.id] = app;
  await assign(org, app, [...ids.values()]);
  for (const { id, name, members } of groups)
    state.groups[id] = { id, name, memberIds: members.flatMap((login) => ids.get(login) ?? []) };
  return app;
}

type WantedSaml = Pick<SamlSignOn, "kind" | "acsUrl" | "audience" | "attributeStatements">;

type SamlKey = Pick<SamlSignOn, "privateKey" | "certificate">;

/** @param key the app's; a new one is made when it is not given. */
export async function samlSignOn(org: Org, wanted: WantedSaml, key?: SamlKey): Promise<SamlSignOn> {
  const { privateKey, certificate } = key ?? (await newSamlKey(org.name));
  const ids = { externalKey: newId("exk"), defaultRelayState: "" };
  return { ...wanted, ...ids, privateKey, certificate, algorithm: "SHA256" };
}

function describe(org: OrgAdmin, app: OrgApp): SeededApp {
  const { id, signOn } = app;
  return {
    id,
    clientSecret: signOn.kind === "oidc" ? signOn.clientSecret : null,
    metadataUrl: isSaml(app) ? metadataUrlOf(org, app) : null,
  };
}

/** What an administrator does at the tabs Provisioning, Assignments and Push Groups. Returns what went wrong. */
async function provision(org: OrgAdmin, { appId, baseUrl, token, people }: Provisioned): Promise<string[]> {
  const app = appOf(org, appId);
  const features = {
    createUsers: true,
    updateAttributes: true,
    deactivateUsers: true,
    updates: "put" as const,
  };
  app.provisioning = { baseUrl, token, mode: "Bearer", ...features };
  await testCredentials(org.provisioner.sender(app, "Test API Credentials"));
  const logins = new Set(people);
  const wanted = Object.keys(app.assignments).filter((id) =>
    logins.has(org.store.state.people[id]?.login ?? ""),
  );
  for (const id of wanted) Object.assign(app.assignments[id] ?? {}, { state: "pending" });
  await org.provisioner.people(app, wanted);
  const groups = Object.values(org.store.state.groups).filter(({ memberIds }) =>
    memberIds.some((id) => app.assignments[id]),
  );
  await pushGroups(
    org,
    app,
    groups.map(({ id }) => id),
  );
  return [...Object.values(app.assignments), ...Object.values(app.pushGroups)].flatMap(
    ({ problem }) => problem ?? [],
  );
}
