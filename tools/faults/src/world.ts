import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createToken } from "../../../src/directory/provisioning-tokens.ts";
import { paths } from "../../../src/endpoints.ts";
import { type Database, openDatabase } from "../../../src/store/database.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { forTenant } from "../../../src/store/tenant-store.ts";
import { agentToken } from "../../../test/helpers/agents.ts";
import { apiKeyOf } from "../../../test/helpers/api-keys.ts";
import { Client } from "../../../test/helpers/client.ts";
import type { Engine } from "../../../test/helpers/databases.ts";
import { createLocalAccount, createTestTenant, testPassword } from "../../../test/helpers/people.ts";
import { freePort } from "../../../test/helpers/postgres-server.ts";
import { newSecrets, type Program, runProgram, until } from "../../../test/helpers/processes.ts";
import { startBalancer } from "./balancer.ts";
import type { CleanUp } from "./clean-up.ts";
import type { LoadCredentials } from "./clients.ts";
import { exchange } from "./exchange.ts";
import type { Place } from "./places.ts";
import type { BrokenProvider } from "./provider.ts";

/** A running deployment: the server as processes of its own, its database, and the tenant of the clients. */
export interface FaultWorld {
  engine: Engine;
  place: Place;
  /** Where clients send their requests, and the origin that they see. */
  origin: string;
  replicas: Replica[];
  /** Null unless the fault is its own. */
  provider: BrokenProvider | null;
  credentials: LoadCredentials;
  tenantId: string;
  /** The application's clock differs by so much from now on. */
  setClock(differenceMs: number): void;
  /** The database as the tool sees it; the caller closes it. */
  open(): Database;
}

interface Replica {
  /** How often it was started. */
  starts: number;
  /** Null while it does not run. */
  program: Program | null;
  /** Resolves when it answers. */
  start(): Promise<void>;
  /** Resolves with the exit code. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null>;
  isReady(): Promise<boolean>;
}

export interface WorldOptions {
  engine: Engine;
  place: Place;
  replicas: number;
  provider: BrokenProvider | null;
}

const clockModule = new URL("clock.mjs", import.meta.url).href;

export async function startWorld(
  { engine, place, replicas: count, provider }: WorldOptions,
  cleanUp: CleanUp,
): Promise<FaultWorld> {
  const folder = mkdtempSync(join(tmpdir(), "starter-faults-"));
  cleanUp.add(() => rmSync(folder, { recursive: true, force: true }));
  const clock = join(folder, "clock");
  writeFileSync(clock, "0");
  const ports = await Promise.all(Array.from({ length: count }, () => freePort()));
  const front = count === 1 ? (ports[0] as number) : await freePort();
  const origin = `http://localhost:${front}`;

  const open = () => openDatabase(place.ownUrl);
  const database = open();
  await migrate(database);
  const { tenant, people, ...bearer } = await seed(database, origin);
  await provider?.prepare(tenant, origin);
  await database.close();

  const variables = {
    ...newSecrets(),
    DATABASE_URL: place.url,
    BASE_URL: origin,
    LOG_LEVEL: "warn",
    INSECURE_ALLOW_PRIVATE_NETWORK: "1",
    NODE_OPTIONS: `--import ${clockModule}`,
    FAULTS_CLOCK: clock,
  };
  const replicas = ports.map((port) => replicaOn(port, variables));
  cleanUp.add(() => Promise.all(replicas.map((replica) => replica.end("SIGKILL"))));
  await Promise.all(replicas.map((replica) => replica.start()));
  if (count > 1) {
    const balancer = await startBalancer(
      front,
      ports.map((port) => `http://127.0.0.1:${port}`),
    );
    cleanUp.add(() => balancer.close());
  }
  const sessions: string[] = [];
  for (const loginName of people) sessions.push(await signIn(origin, tenant.tenant.slug, loginName));
  return {
    ...{ engine, place, origin, replicas, provider, open },
    credentials: { ...bearer, sessions },
    tenantId: tenant.tenant.id,
    setClock: (differenceMs) => writeFileSync(clock, String(differenceMs)),
  };
}

/** A tenant whose administrators have sessions, a provisioning token, an API key and an agent. */
async function seed(database: Database, origin: string) {
  const tenant = await createTestTenant(database, "acme");
  const owner = await createLocalAccount(tenant.store, "owner@acme.example", "owner");
  const people = [owner.loginName];
  for (const name of ["ada", "grace"])
    people.push((await createLocalAccount(tenant.store, `${name}@acme.example`, "admin")).loginName);
  return {
    ...{ tenant, people },
    scim: `Bearer ${(await createToken(tenant.store)).token}`,
    apiKey: `Bearer ${(await apiKeyOf(tenant.store, owner)).key}`,
    agent: `Bearer ${await agentToken(database, tenant, origin, { user: owner })}`,
  };
}

async function signIn(origin: string, slug: string, loginName: string): Promise<string> {
  const client = new Client(`http://127.0.0.1:${new URL(origin).port}`, origin);
  const { status, text } = await client.signIn(slug, loginName, testPassword);
  if (status !== 303) throw new Error(`${loginName} could not sign in: ${status} ${text.slice(0, 500)}`);
  return [...client.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
}

/** A program that a signal ended has no exit code: after a fault of its memory, or if the system ran out of it. */
export const hasEnded = ({ child }: { child: Pick<ChildProcess, "exitCode" | "signalCode"> }): boolean =>
  child.exitCode !== null || child.signalCode !== null;

function replicaOn(port: number, variables: Record<string, string>): Replica {
  const origin = `http://127.0.0.1:${port}`;
  const replica: Replica = {
    starts: 0,
    program: null,
    async start() {
      const program = runProgram("src/server.ts", [], { ...variables, PORT: String(port) });
      replica.program = program;
      replica.starts++;
      const answers = async () => {
        if (hasEnded(program)) throw new Error(`the server ended: ${program.stderr()}`);
        return (await statusOf(origin, paths.healthz)) === 200;
      };
      await until("the server answers", answers, 180);
    },
    async end(signal) {
      replica.program?.child.kill(signal);
      const code = (await replica.program?.ended) ?? null;
      replica.program = null;
      return code;
    },
    isReady: async () => (await statusOf(origin, paths.readyz)) === 200,
  };
  return replica;
}

async function statusOf(origin: string, path: string): Promise<number | null> {
  const got = await exchange(origin, { method: "GET", path });
  return typeof got === "string" ? null : got.status;
}

/** The tenant's rows, read past the application. */
export const tenantOf = (database: Database, { tenantId }: FaultWorld) => forTenant(database, tenantId);
