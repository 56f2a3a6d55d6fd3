import { endedUnasked, isActiveGrant } from "../directory/provisioning-grants.ts";
import { isActiveToken, tokenWarnings } from "../directory/provisioning-tokens.ts";
import { systemStore } from "../store/system-store.ts";
import type { TenantHealth } from "../store/tenant-health.ts";
import { certificateEnd, findConnectionWarnings } from "../trust/connection-warnings.ts";
import { visible } from "../visible.ts";
import type { Command } from "./command.ts";

/** Which parts of a tenant are set up and in use. */
interface TenantReadiness {
  singleSignOn: boolean;
  domain: boolean;
  provisioning: boolean;
  /** An owner who can sign in when no connection works. */
  owner: boolean;
}

/** The operator's overview of all tenants: what is set up, what happened last, and what will fail soon. */
export const healthCommand: Command = {
  name: "tenant health",
  usage: "[--attention] [--json]",
  summary:
    "Show every tenant's connections, tokens, last sign-in and last error; --attention shows only tenants that need it",
  switches: ["attention"],
  async run(input, { database }) {
    const now = Date.now();
    const all = (await systemStore(database).tenants.health()).map((health) => ({
      health,
      ready: readinessOf(health, now),
      attention: attentionFor(health, now),
    }));
    const needy = all.filter(({ attention }) => attention.length > 0);
    const shown = input.isSet("attention") ? needy : all;
    const rows = shown.map(({ health, ready, attention }) => rowOf(health, ready, attention));
    const summary = `${needy.length} of ${all.length} tenants ${needy.length === 1 ? "needs" : "need"} attention.`;
    return {
      json: { tenants: shown.map(({ health, ready, attention }) => toJson(health, ready, attention)) },
      text: all.length === 0 ? "There is no tenant yet." : [...tableOf(rows), summary].join("\n"),
    };
  },
};

function readinessOf(
  { connections, tokens, grants, hasVerifiedDomain, hasOwner }: TenantHealth,
  now: number,
): TenantReadiness {
  return {
    singleSignOn: connections.some(({ connection }) => connection.status === "active"),
    domain: hasVerifiedDomain,
    provisioning:
      tokens.some((token) => isActiveToken(token, now) && token.lastUsedAt !== null) ||
      grants.some((grant) => isActiveGrant(grant, now) && grant.lastUsedAt !== null),
    owner: hasOwner,
  };
}

/** The problems that a person has to solve, as sentences. */
function attentionFor(health: TenantHealth, now: number): string[] {
  const connections = health.connections.map(({ connection }) => connection);
  const { slug } = health.tenant;
  return [
    ...findConnectionWarnings(connections).map(
      ({ connection: { type, key }, text }) => `${type} ${key}: ${text}`,
    ),
    ...tokenWarnings(health.tokens, now).map(({ text }) => text),
    ...endedUnasked(health.grants, now).map(
      ({ source }) =>
        `Okta's access by OAuth 2.0 (source ${source}) has ended: provisioning has stopped. An owner has to authenticate again in Okta.`,
    ),
    ...(health.hasOwner
      ? []
      : [
          `No owner can sign in with a password. Invite one: npm run admin -- owner invite ${slug} --email EMAIL`,
        ]),
  ];
}

/** The time of the latest sign-in, by password or through a connection. */
function lastSignInAt({ connections, lastPasswordSignInAt }: TenantHealth): number | null {
  const times = connections.map((one) => one.lastSignInAt ?? 0);
  return Math.max(lastPasswordSignInAt ?? 0, ...times) || null;
}

function toJson(health: TenantHealth, ready: TenantReadiness, attention: string[]) {
  const { tenant, people, connections, tokens, grants, lastProblem } = health;
  return {
    slug: tenant.slug,
    name: tenant.name,
    people,
    ready,
    lastSignInAt: isoOf(lastSignInAt(health)),
    connections: connections.map(({ connection, lastSignInAt: at }) => ({
      key: connection.key,
      type: connection.type,
      status: connection.status,
      testedAt: isoOf(connection.testedAt),
      lastSignInAt: isoOf(at),
      certificateUntil: isoOf(certificateEnd(connection)),
    })),
    tokens: tokens.map(({ source, hint, expiresAt, lastUsedAt }) => ({
      source,
      hint,
      expiresAt: isoOf(expiresAt),
      lastUsedAt: isoOf(lastUsedAt),
    })),
    grants: grants
      .filter(({ endedAt }) => endedAt === null)
      .map(({ source, allowedBy, createdAt, refreshExpiresAt, lastUsedAt: at }) => ({
        source,
        allowedBy,
        createdAt: isoOf(createdAt),
        expiresAt: isoOf(refreshExpiresAt),
        lastUsedAt: isoOf(at),
      })),
    lastProvisioningError: lastProblem && {
      at: isoOf(lastProblem.at),
      source: lastProblem.source,
      call: lastProblem.call,
      status: lastProblem.status,
      detail: lastProblem.detail,
      requestId: lastProblem.requestId,
    },
    attention,
  };
}

interface HealthRow {
  cells: string[];
  notes: string[];
}

const headings = [
  "TENANT",
  "CONNECTIONS",
  "DOMAIN",
  "PROVISIONING",
  "OWNER",
  "LAST SIGN-IN",
  "LAST PROVISIONING ERROR",
];

function rowOf(health: TenantHealth, ready: TenantReadiness, attention: string[]): HealthRow {
  const { tenant, connections, lastProblem } = health;
  const states = { draft: "draft", active: "on", disabled: "off" };
  const yes = (is: boolean) => (is ? "yes" : "no");
  return {
    cells: [
      tenant.slug,
      connections.map(({ connection: { type, status } }) => `${type} ${states[status]}`).join(", ") || "none",
      yes(ready.domain),
      yes(ready.provisioning),
      yes(ready.owner),
      minuteOf(lastSignInAt(health)),
      lastProblem ? `${minuteOf(lastProblem.at)}, ${lastProblem.status} at ${lastProblem.call}` : "none",
    ],
    notes: attention,
  };
}

/** Aligns the columns, and lists below each row what needs attention. */
function tableOf(rows: HealthRow[]): string[] {
  if (rows.length === 0) return [];
  const seen = rows.map(({ cells, notes }) => ({ cells: cells.map(visible), notes: notes.map(visible) }));
  const all = [headings, ...seen.map(({ cells }) => cells)];
  const widths = headings.map((_, column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [
    line(headings),
    ...seen.flatMap(({ cells, notes }) => [line(cells), ...notes.map((note) => `  ! ${note}`)]),
  ];
}

const isoOf = (at: number | null) => (at === null ? null : new Date(at).toISOString());
const minuteOf = (at: number | null) => isoOf(at)?.slice(0, 16).replace("T", " ") ?? "never";
