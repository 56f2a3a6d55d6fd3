import { paths } from "../endpoints.ts";
import type { RecordedActivity } from "../store/tenant/activity.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { personName } from "./person-names.ts";

/** An entry as people read it. */
export interface ReadableActivity extends RecordedActivity {
  /** "User role changed". */
  what: string;
  /** Who or what it was about: a name, and where to look. Null when it is not there any more, or was nothing. */
  target: { name: string; href: string } | null;
}

/** Gives entries their names: a few statements, whatever their number. */
export async function readable(
  store: TenantStore,
  entries: readonly RecordedActivity[],
): Promise<ReadableActivity[]> {
  const ids = [...new Set(entries.flatMap(({ targetId }) => targetId ?? []))];
  const [people, groups, connections, tokens] = await Promise.all([
    store.people.ofIds(ids),
    store.groups.ofIds(ids),
    store.connections.list(),
    store.tokens.list(),
  ]);
  const targets = new Map([
    ...people.map(
      (user) => [user.id, { name: personName(user), href: paths.admin.person(user.id) }] as const,
    ),
    ...groups.map(({ id, displayName }) => [id, { name: displayName, href: paths.admin.group(id) }] as const),
    ...connections.map(({ id, key, type }) => {
      return [id, { name: `${type.toUpperCase()} ${key}`, href: paths.admin.connection(id) }] as const;
    }),
    ...tokens.map(({ id, hint }) => [id, { name: `${hint}…`, href: paths.admin.provisioning }] as const),
  ]);
  return entries.map((entry) => ({
    ...entry,
    what: sentence(entry.action),
    target: (entry.targetId && targets.get(entry.targetId)) || null,
  }));
}

/** "sign_in.refused" as "Sign in refused". */
function sentence(action: string): string {
  const words = action.replaceAll(/[._-]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
