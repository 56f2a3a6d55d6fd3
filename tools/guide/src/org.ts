import { readFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Site } from "oin-kit/writer/pictures";
import { newAgent } from "okta-stand-in/agents";
import {
  addInstance,
  changeSignOn, // SAML
} from "okta-stand-in/catalog";
import { addOidcApp } from "okta-stand-in/private-app";
import { createOrg, type RunningOrg } from "okta-stand-in/server";
import {
  type CatalogApp,
  type OrgApp,
  type OrgPerson,
  openOrgStore,
  type Provisioning,
} from "okta-stand-in/state";
import { connectionVariable, integration } from "../../../config/integration.ts";
import type { ConnectionType } from "../../../src/model.ts";
import { catalogApp } from "./catalog.ts";

/** A stand-in for the org of a sample customer, for drawings of Okta's screens. */
export interface SampleOrg extends Site {
  /** The name of the app in the catalog. */
  entry: string;
  /** An app instance for each stage of the guides, by its id. */
  apps: Record<ConnectionType | "provisioning", OrgApp>;
  /** An AI agent that is not active yet. */
  agentId: string;
  close(): Promise<void>;
}

/** Invented, but in Okta's form, and the same each time: the drawings show them. */
const ids = {
  oidc: "0oa1a2b3c4d5e6f7g8h9",
  saml: "0oa2b3c4d5e6f7g8h9i0", // SAML
  provisioning: "0oa3c4d5e6f7g8h9i0j1",
  agentApp: "0oa4d5e6f7g8h9i0j1k2",
  agent: "wlp1a2b3c4d5e6f7g8h9",
  externalKey: "exk1a2b3c4d5e6f7g8h9", // SAML
};

const publicFolder = new URL("../public/", import.meta.resolve("okta-stand-in/server"));

const people = ["Ada Lovelace", "Alan Turing", "Grace Hopper", "Katherine Johnson"].map(personNamed);

/** Starts the stand-in in this process, with everything in memory. It sends nothing to any application. */
export async function openSampleOrg(): Promise<SampleOrg> {
  const url = "https://acme.okta.com";
  const org = await createOrg({ store: openOrgStore(null), url });
  const entry = catalogApp(integration.origin);
  Object.assign(org.store.state, {
    catalog: { [entry.name]: entry },
    people: Object.fromEntries(people.map((person) => [person.id, person])),
    groups: { "00g1": { id: "00g1", name: "Engineers", memberIds: people.slice(0, 2).map(({ id }) => id) } },
  });
  const apps = {
    oidc: await instanceOf(org, entry, ids.oidc),
    saml: await instanceOf(org, entry, ids.saml), // SAML
    provisioning: await instanceOf(org, entry, ids.provisioning),
  };
  await changeSignOn(org, apps.saml, "saml"); // SAML
  Object.assign(apps.saml.signOn, { externalKey: ids.externalKey }); // SAML
  apps.provisioning.provisioning = provisioningOf(entry);
  apps.oidc.resourceServer = { issuerUrl: integration.origin, tenantId: "acme" };
  addAgent(org);
  await new Promise<void>((resolve) => org.server.listen(0, "127.0.0.1", resolve));
  const { port } = org.server.address() as AddressInfo;
  // Not by fetch, because it does not send another Host.
  const request = async (path: string) => {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      get({ port, path, headers: { host: new URL(url).host } }, resolve).on("error", reject);
    });
    const headers = { "content-type": answer.headers["content-type"] ?? "" };
    return new Response(await buffer(answer), { status: answer.statusCode ?? 0, headers });
  };
  const asset = (name: string) => readFileSync(new URL(name, publicFolder));
  return {
    entry: entry.name,
    apps,
    agentId: ids.agent,
    origin: url,
    request,
    asset,
    close: () => org.close(),
  };
}

/** Adds an instance, with an id and a secret that stay the same. */
async function instanceOf(org: RunningOrg, entry: CatalogApp, id: string): Promise<OrgApp> {
  const app = await addInstance(org, entry, {
    label: entry.label,
    variables: { [connectionVariable.name]: "acme" },
  });
  delete org.store.state.apps[app.id];
  app.id = id;
  if (app.signOn.kind === "oidc") app.signOn.clientSecret = "x".repeat(64);
  org.store.state.apps[id] = app;
  return app;
}

/** Registers an agent, and the app by which people sign in to it. */
function addAgent(org: RunningOrg): void {
  const { state } = org.store;
  const app = addOidcApp(org, "Task assistant", {
    redirectUris: ["https://assistant.example.com/callback"],
    postLogoutRedirectUris: [],
    initiateLoginUri: null,
  });
  delete state.apps[app.id];
  app.id = ids.agentApp;
  app.active = false;
  state.apps[app.id] = app;
  const secret = "x".repeat(64);
  state.agents = {
    [ids.agent]: {
      ...newAgent("Task assistant"),
      id: ids.agent,
      linkedAppId: app.id,
      registration: { method: "secret", secret },
    },
  };
}

function provisioningOf({ scim }: CatalogApp): Provisioning | null {
  if (!scim) return null;
  const features = { createUsers: true, updateAttributes: true, deactivateUsers: true };
  return { ...scim, ...features, baseUrl: "https://app.example.com/scim/v2", token: "x" };
}

function personNamed(name: string, index: number): OrgPerson {
  const [firstName = "", lastName = ""] = name.split(" ");
  const login = `${firstName.toLowerCase()}@acme.example`;
  return {
    id: `00u${index}`,
    login,
    email: login,
    firstName,
    middleName: "",
    lastName,
    status: "ACTIVE",
  };
}
