import { okta } from "okta-labels/labels";
import { OrgNotFoundError, OrgRefusal, personOf } from "./org.ts";
import type { OrgAdmin } from "./provisioner.ts";
import { newId, type OrgApp, type OrgGroup } from "./state.ts";

/** Throws OrgNotFoundError. */
export function groupOf({ store }: OrgAdmin, id: string): OrgGroup {
  const group = Object.hasOwn(store.state.groups, id) ? store.state.groups[id] : undefined;
  if (!group) throw new OrgNotFoundError("There is no such group.");
  return group;
}

/** "Add group". Throws OrgRefusal. */
export function addGroup(org: OrgAdmin, name: string, memberIds: string[] = []): OrgGroup {
  const group: OrgGroup = { id: newId("00g"), name: checkedName(org, name, null), memberIds };
  org.store.state.groups[group.id] = group;
  org.store.changed();
  return group;
}

/** Renames the group in the org and in every app that it is pushed to. Throws OrgRefusal. */
export function renameGroup(org: OrgAdmin, id: string, name: string): Promise<void> {
  groupOf(org, id).name = checkedName(org, name, id);
  return pushed(org, id);
}

/** Adds and removes members in the org and in every app that the group is pushed to. */
export function changeMembers(
  org: OrgAdmin,
  id: string,
  { add = [], remove = [] }: { add?: readonly string[]; remove?: readonly string[] },
): Promise<void> {
  const group = groupOf(org, id);
  for (const personId of add) personOf(org, personId);
  const kept = group.memberIds.filter((member) => !remove.includes(member));
  group.memberIds = [...new Set([...kept, ...add])];
  return pushed(org, id);
}

/**
 * Deletes the group in the org. Throws OrgRefusal while it is pushed: in Okta, too, the application keeps a pushed group
 * until an administrator unlinks it.
 */
export function deleteGroup(org: OrgAdmin, id: string): void {
  const { name } = groupOf(org, id);
  const apps = Object.values(org.store.state.apps).filter(({ pushGroups }) => pushGroups[id]);
  if (apps.length > 0) throw new OrgRefusal(`${name} is pushed to ${apps[0]?.label}: unlink it there first.`);
  delete org.store.state.groups[id];
  org.store.changed();
}

/** "Push Groups > Push Groups by name". */
export function pushGroups(org: OrgAdmin, app: OrgApp, ids: readonly string[]): Promise<void> {
  if (!app.provisioning) throw new OrgRefusal(`${okta.provisioning.configure} first.`);
  for (const id of ids) {
    groupOf(org, id);
    app.pushGroups[id] ??= {
      remoteId: null,
      pushedName: null,
      pushedMembers: {},
      state: "pending",
      problem: null,
    };
  }
  org.store.changed();
  return org.provisioner.groups(app, ids);
}

/** "Push now". */
export function pushNow(org: OrgAdmin, app: OrgApp, id: string): Promise<void> {
  if (!app.pushGroups[id]) throw new OrgNotFoundError("This group is not pushed.");
  return org.provisioner.groups(app, [id], true);
}

/** "Unlink pushed group". @param deleteThere whether to delete the application's group, too. */
export async function unlinkGroup(
  org: OrgAdmin,
  app: OrgApp,
  id: string,
  deleteThere: boolean,
): Promise<void> {
  const link = app.pushGroups[id];
  if (!link) throw new OrgNotFoundError("This group is not pushed.");
  if (deleteThere) {
    link.state = "removing";
    await org.provisioner.groups(app, [id]);
  } else delete app.pushGroups[id];
  org.store.changed();
}

async function pushed(org: OrgAdmin, id: string): Promise<void> {
  org.store.changed();
  const apps = Object.values(org.store.state.apps).filter(({ pushGroups: links }) => links[id]);
  for (const app of apps) Object.assign(app.pushGroups[id] ?? {}, { state: "pending" });
  await Promise.all(apps.map((app) => org.provisioner.groups(app, [id])));
}

function checkedName(org: OrgAdmin, name: string, ownId: string | null): string {
  const wanted = name.trim();
  if (wanted === "" || wanted.length > 255) throw new OrgRefusal("A group's name has 1 to 255 characters.");
  const holder = Object.values(org.store.state.groups).find(
    (group) => group.name.toLowerCase() === wanted.toLowerCase(),
  );
  if (holder && holder.id !== ownId) throw new OrgRefusal(`There is already a group ${holder.name}.`);
  return wanted;
}
