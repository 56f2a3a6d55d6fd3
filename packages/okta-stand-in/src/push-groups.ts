import { equals, idOf, resourcesOf, type Send } from "./provisioning.ts";
import { allMembers, changedMembers, group, type Member, replaced } from "./scim-bodies.ts";
import type { PushGroup } from "./state.ts";

/** A group as it is to be in the application. */
export interface WantedGroup {
  name: string;
  /** Those whom the application knows, by the person's id here. */
  members: Map<string, Member>;
}

/** How many changes of members one request carries (Okta: 100 when nothing else was agreed). */
const perRequest = 100;

/**
 * Finds the application's group by name, or creates it. Returns its id. A push that was stopped between the creation and
 * the note of it finds the group here. Throws ScimFailure.
 */
export async function linkGroup(send: Send, name: string): Promise<string> {
  const { body } = await send("GET", `/Groups?filter=${equals("displayName", name)}&startIndex=1&count=100`);
  const [found] = resourcesOf(body);
  if (found) return idOf(found);
  return idOf((await send("POST", "/Groups", group(name, []))).body);
}

/**
 * Brings the name and the members from what was pushed before to what is wanted: the name at every change of members, as
 * Okta sends it, and then who left and who came, at most a hundred a request. Throws ScimFailure.
 */
export async function pushChanges(
  send: Send,
  isPrivate: boolean,
  remoteId: string,
  pushed: Record<string, string>,
  { name, members }: WantedGroup,
): Promise<void> {
  const path = `/Groups/${remoteId}`;
  if (isPrivate) {
    await send("PUT", path, group(name, [...members.values()]));
    return;
  }
  await send("PATCH", path, replaced({ id: remoteId, displayName: name }));
  const left = Object.keys(pushed)
    .filter((id) => !members.has(id))
    .flatMap((id) => pushed[id] ?? []);
  const came = [...members].filter(([id]) => !Object.hasOwn(pushed, id)).map(([, member]) => member);
  for (let at = 0; at < left.length + came.length; at += perRequest) {
    const removed = left.slice(at, at + perRequest);
    const added = came.slice(Math.max(0, at - left.length), Math.max(0, at + perRequest - left.length));
    await send("PATCH", path, changedMembers(removed, added));
  }
}

/** "Push now": the whole membership, whatever the application had. Throws ScimFailure. */
export async function pushAll(send: Send, remoteId: string, { name, members }: WantedGroup): Promise<void> {
  const path = `/Groups/${remoteId}`;
  await send("PATCH", path, replaced({ id: remoteId, displayName: name }));
  await send("PATCH", path, allMembers([...members.values()]));
}

/** "Unlink pushed group" with "Delete the group in the target app". Its members stay. Throws ScimFailure. */
export async function deleteGroup(send: Send, { remoteId }: PushGroup): Promise<void> {
  if (remoteId !== null) await send("DELETE", `/Groups/${remoteId}`);
}
