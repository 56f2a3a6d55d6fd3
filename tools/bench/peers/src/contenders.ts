import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createConnection } from "../../../../src/directory/connections.ts";
import { samlUrls } from "../../../../src/endpoints.ts";
import { sealer } from "../../../../src/store/secrets.ts";
import { createTestDatabase } from "../../../../test/helpers/databases.ts";
import { seedTenant } from "../../src/seed.ts";
import { cycle } from "../../src/statistics.ts";
import { HttpClient } from "./http.ts";
import { type ContenderName, type Sizes, usersOf } from "./options.ts";
import { person } from "./people.ts";
import { freePort, type Program, runToEnd, type ServerProcess, startServer } from "./server-process.ts";
import type { Seeded, Wish } from "./servers/program.ts";

/** A measured program with its data. */
export interface Contender {
  name: ContenderName;
  version: string;
  origin: string;
  /** Which part of a path comes before /Users. */
  scim: string;
  client: HttpClient;
  /** The headers of the provisioning client. */
  headers(): Record<string, string>;
  /** Ids of the people in the order of their numbers. */
  userIds: string[];
  group: Group;
  /** Starts the program, and waits for its first right answer. */
  start(): Promise<ServerProcess>;
  server: ServerProcess | null;
  dispose(): Promise<void>;
}

/** The group that is changed. */
export interface Group {
  id: string;
  members: number;
  /** People who are not in it. */
  outsiders: string[];
  /** Whether added members are removed again, because the program limits the size of groups. */
  isRestored: boolean;
}

/** The wishes that are the same for all programs. */
export type Given = Pick<Wish, "oidc" | "saml"> & { folder: string; sizes: Sizes };

export const connectionKeys = { saml: "peers-saml", oidc: "peers-oidc" } as const;

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const peersFolder = fileURLToPath(new URL("../", import.meta.url));
/** better-auth lets a group have 1,000 members. The members that are added are removed again. */
const betterAuthMembers = 700;

const peers = {
  "scimmy-routers": { file: "scimmy.ts", packages: ["scimmy-routers", "scimmy"], scim: "/scim" },
  "better-auth": {
    file: "better-auth.ts",
    packages: ["better-auth", "@better-auth/scim"],
    scim: "/api/auth/scim/v2",
  },
  "saml-jackson": { file: "jackson.ts", packages: ["@boxyhq/saml-jackson"], scim: "" },
} as const;

export async function createContender(name: ContenderName, given: Given): Promise<Contender> {
  return name === "this application" ? await createOwn(given) : await createPeer(name, given);
}

async function createPeer(
  name: keyof typeof peers,
  { folder: parent, sizes, oidc, saml }: Given,
): Promise<Contender> {
  const { file, packages, scim } = peers[name];
  const folder = `${parent}/${name}`;
  mkdirSync(folder);
  const isRestored = name === "better-auth" && sizes.members > betterAuthMembers;
  const members = isRestored ? betterAuthMembers : sizes.members;
  const port = await freePort();
  const token = randomBytes(24).toString("hex");
  const wish: Wish = { folder, port, users: usersOf(sizes), members, token, oidc, saml };
  const program = (mode: string): Program => ({
    file: fileURLToPath(new URL(`servers/${file}`, import.meta.url)),
    words: [mode, JSON.stringify(wish)],
    folder: peersFolder,
    environment: { DO_NOT_TRACK: "1", BETTER_AUTH_TELEMETRY: "0" },
    log: `${folder}/log`,
  });
  const seeded = await runToEnd<Seeded>(program("seed"));
  const bearer = `Bearer ${seeded.own.token ?? token}`;
  return contender({
    name,
    version: packages.map((one) => `${one} ${versionOf(one)}`).join(", "),
    origin: `http://localhost:${port}`,
    scim: seeded.own.scim ?? scim,
    headers: () => ({ authorization: bearer }),
    userIds: seeded.userIds,
    group: { id: seeded.groupId, members, outsiders: seeded.userIds.slice(members), isRestored },
    program: program("serve"),
    clients: sizes.clients,
    dispose: async () => {},
  });
}

/** The application as `npm start` runs it. */
async function createOwn({ folder, sizes, oidc, saml }: Given): Promise<Contender> {
  const { url, database, dispose } = await createTestDatabase("SQLite");
  const { id, tokens, userIds, groups } = await seedTenant(database, usersOf(sizes), [sizes.members]);
  const dataKey = randomBytes(32);
  const shared = { justInTime: true, draft: false };
  const sealing = sealer(dataKey, []);
  await createConnection(database, id, {
    ...shared,
    key: connectionKeys.oidc,
    type: "oidc",
    settings: { issuer: oidc.issuer, clientId: oidc.clientId },
    secret: { text: oidc.clientSecret, sealer: sealing },
  });
  await createConnection(database, id, {
    ...shared,
    key: connectionKeys.saml,
    type: "saml",
    settings: {
      idpEntityId: saml.idpEntityId,
      ssoUrl: saml.ssoUrl,
      certificates: [saml.certificate],
      metadataUrl: null,
      appInstanceId: null,
      orgUrl: null,
    },
    secret: null,
  });
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const nextToken = cycle(tokens);
  const [group] = groups;
  if (!group) throw new Error("there is no group");
  const members = new Set(group.memberIds);
  const outsiders = userIds.filter((user) => !members.has(user));
  return contender({
    name: "this application",
    version: "",
    origin,
    scim: "/scim/v2",
    headers: () => ({ authorization: `Bearer ${nextToken()}` }),
    userIds,
    group: { id: group.id, members: members.size, outsiders, isRestored: false },
    program: {
      file: `${root}src/server.ts`,
      words: [],
      folder: root,
      environment: {
        PORT: String(port),
        HOST: "localhost",
        BASE_URL: origin,
        DATABASE_URL: url,
        DATA_KEY: dataKey.toString("base64"),
        SESSION_SECRET: randomBytes(32).toString("base64"),
        // The OpenID provider is on this machine.
        INSECURE_ALLOW_PRIVATE_NETWORK: "1",
      },
      log: `${folder}/own.log`,
    },
    clients: sizes.clients,
    dispose,
  });
}

type Parts = Omit<Contender, "client" | "start" | "server"> & { program: Program; clients: number };

function contender({ program, clients, dispose, ...parts }: Parts): Contender {
  const client = new HttpClient(parts.origin, clients);
  const path = `${parts.scim}/Users?filter=${encodeURIComponent(`userName eq "${person(1).userName}"`)}`;
  return {
    ...parts,
    client,
    server: null,
    async start() {
      const first = new HttpClient(parts.origin, 1);
      const server = await startServer(program, async () => {
        const { status, text } = await first.send({ method: "GET", path, headers: parts.headers() });
        return status === 200 && text.includes(person(1).userName);
      });
      await first.close();
      this.server = server;
      return server;
    },
    async dispose() {
      await client.close();
      await this.server?.stop();
      await dispose();
    },
  };
}

/** The URLs of this application's SAML connection. */
export const ownSamlUrls = (origin: string) => samlUrls(origin, connectionKeys.saml);

function versionOf(name: string): string {
  const manifest = `${peersFolder}node_modules/${name}/package.json`;
  if (!existsSync(manifest)) throw new Error(`${name} is not installed: npm ci --prefix tools/bench/peers`);
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}
