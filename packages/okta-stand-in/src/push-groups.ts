import { equals, idOf, resourcesOf, type Send } from "./provisioning.ts";
import { allMembers, changedMembers, group, type Member, replaced } from "./scim-bodies.ts";
import type { PushGroup } from "./state.ts";

/** The name and members that a group should have in the application. */
export interface WantedGroup {
  name: string;
  /** The members that the application knows, by the person's id in the org. */
  members: Map<string, Member>;
}

/** The most member changes in one request (Okta: 100 by default). */
const perRequest = 100;

/**
 * Finds the application's group by name, or creates it. Returns its id. If an earlier push created the group but stopped
 * before it stored the id, this finds it. Throws ScimFailure.
 */
export async function linkGroup(send: Send, name: string): Promise<string> {
  const { body } = await send("GET", `/Groups?filter=${equals("displayName", name)}&startIndex=1&count=100`);
  const [found] = resourcesOf(body);
  if (found) return idOf(found);
  return idOf((await send("POST", "/Groups", group(name, []))).body);
}

/**
 * Sends the difference between the members that were pushed before and the wanted ones: first the name, which Okta sends
 * with every change of members, then the removed and added members, at most a hundred in a request. Throws ScimFailure.
 * @param pushed the application's ids of the members that were pushed before, by the person's id in the org.
 */
export async function pushChanges(
  send: Send,
  remoteId: string,
  pushed: Record<string, string>,
  { name, members }: WantedGroup,
): Promise<void> {
  const path = `/Groups/${remoteId}`;
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

/** Replaces the group by PUT, which is how Okta updates the groups of private apps. Throws ScimFailure. */
export async function putGroup(send: Send, remoteId: string, { name, members }: WantedGroup): Promise<void> {
  await send("PUT", `/Groups/${remoteId}`, group(name, [...members.values()]));
}

/** "Push now": replaces all members. Throws ScimFailure. */
export async function pushAll(send: Send, remoteId: string, { name, members }: WantedGroup): Promise<void> {
  const path = `/Groups/${remoteId}`;
  await send("PATCH", path, replaced({ id: remoteId, displayName: name }));
  await send("PATCH", path, allMembers([...members.values()]));
}

/** "Unlink pushed group" with "Delete the group in the target app". Its members stay users. Throws ScimFailure. */
export async function deleteGroup(send: Send, { remoteId }: PushGroup): Promise<void> {
  if (remoteId !== null) await send("DELETE", `/Groups/${remoteId}`);
}
