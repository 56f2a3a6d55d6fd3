import type { TenantStore } from "../../../src/store/tenant-store.ts";
import type { Outcome } from "./load.ts";

/** The writes that clients asked for, and what they were told about them. */
export interface Ledger {
  /** A new person, by login name. */
  created(loginName: string, outcome: Outcome): void;
  /** The nth change of a person's display name. */
  renamed(loginName: string, version: number, outcome: Outcome): void;
  /** Something that the API created, by its path. */
  posted(path: string): void;
  /** @param exists whether the API still finds a path. */
  compare(store: TenantStore, exists: (path: string) => Promise<boolean>): Promise<Comparison>;
}

export interface Comparison {
  acknowledged: number;
  /** Acknowledged, and not in the database. */
  lost: string[];
  /** In the database, and their clients got no answer: they have to look. */
  unanswered: number;
  /** In the database, although their clients were told that nothing was changed. */
  denied: string[];
}

export const versionName = (version: number) => `Version ${version}`;

/** Outcomes that say nothing about the write. "refused" is not one of them: nothing listened. */
const silences: readonly Outcome[] = ["cut", "no answer"];

export function openLedger(): Ledger {
  const creations = new Map<string, Outcome>();
  const renames = new Map<string, { version: number; outcome: Outcome }[]>();
  const paths: string[] = [];
  return {
    created: (loginName, outcome) => void creations.set(loginName, outcome),
    renamed(loginName, version, outcome) {
      renames.set(loginName, [...(renames.get(loginName) ?? []), { version, outcome }]);
    },
    posted: (path) => void paths.push(path),
    async compare(store, exists) {
      const people = await store.users.page(0, (await store.users.count()) + 1);
      const names = new Map(people.map(({ loginName, displayName }) => [loginName, displayName]));
      const result: Comparison = { acknowledged: paths.length, lost: [], unanswered: 0, denied: [] };
      for (const [loginName, outcome] of creations) {
        const isThere = names.has(loginName);
        if (outcome === "ok") result.acknowledged++;
        if (outcome === "ok" && !isThere) result.lost.push(loginName);
        if (outcome !== "ok" && isThere) countUnacknowledged(result, loginName, outcome);
      }
      for (const [loginName, tried] of renames)
        compareNames(result, loginName, { tried, stored: names.get(loginName) ?? null });
      for (const path of paths) if (!(await exists(path))) result.lost.push(path);
      return result;
    },
  };
}

/** One client renames a person again and again: the stored name is the last acknowledged one, or a later one. */
function compareNames(
  result: Comparison,
  loginName: string,
  { tried, stored }: { tried: { version: number; outcome: Outcome }[]; stored: string | null },
): void {
  const acknowledged = tried.filter(({ outcome }) => outcome === "ok");
  result.acknowledged += acknowledged.length;
  const last = acknowledged.at(-1)?.version ?? 0;
  const found = tried.find(({ version }) => versionName(version) === stored);
  if (last > 0 && (!found || found.version < last)) result.lost.push(`${loginName}: ${versionName(last)}`);
  if (found && found.version > last) countUnacknowledged(result, `${loginName}: ${stored}`, found.outcome);
}

function countUnacknowledged(result: Comparison, what: string, outcome: Outcome): void {
  if (silences.includes(outcome)) result.unanswered++;
  else result.denied.push(`${what} (${outcome})`);
}
