import { randomBytes } from "node:crypto";
import { okta } from "okta-labels/labels";
import { displayNameOf, OrgRefusal } from "./org.ts";
import { mergedUser, newUser, patchedUser, replaced } from "./scim-bodies.ts";
import type { OrgScimAnswer, ScimBody } from "./scim-client.ts";
import { ScimFailure } from "./scim-failure.ts";
import type { GovernedType, OrgPerson, Provisioning } from "./state.ts";

/** Sends one call to one application; the app and the reason for the log are fixed. */
export type Send = (method: string, path: string, body?: unknown) => Promise<OrgScimAnswer>;

/** "Test API Credentials", and the call for groups that Okta makes when they are saved. Throws ScimFailure. */
export async function testCredentials(send: Send): Promise<void> {
  await send("GET", "/Users?startIndex=1&count=2");
  await send("GET", "/Groups?startIndex=1&count=100");
}

/**
 * Looks the person up by username, then creates them, or links and activates the account that was found, even a
 * deactivated one. Returns the id in the application. Throws ScimFailure, or OrgRefusal if Create Users is off.
 * @param access the attributes `roles` and `entitlements` if Okta manages them.
 */
export async function provisionPerson(
  send: Send,
  { updates, createUsers }: Provisioning,
  person: OrgPerson,
  { access = {}, newPassword = randomPassword }: NewAccount = {},
): Promise<string> {
  const { body: list } = await send(
    "GET",
    `/Users?filter=${equals("userName", person.login)}&startIndex=1&count=100`,
  );
  const [found] = resourcesOf(list);
  if (found) {
    const id = idOf(found);
    const { body } = await send("GET", `/Users/${id}`);
    if (updates !== "patch" || manages(access)) {
      await send("PUT", `/Users/${id}`, { ...mergedUser(body, person, true), ...access });
    } else {
      if (body.active !== true) await send("PATCH", `/Users/${id}`, replaced({ active: true }));
      await send("PATCH", `/Users/${id}`, patchedUser(person));
    }
    return id;
  }
  if (!createUsers)
    throw new OrgRefusal(
      `${okta.provisioning.createUsers} is off, and the application does not know this person.`,
    );
  const { body } = await send("POST", "/Users", { ...newUser(person, newPassword()), ...access });
  if (typeof body.id !== "string")
    throw new ScimFailure(
      null,
      `Automatic provisioning of user ${displayNameOf(person)} failed: Create new user returned empty user.`,
    );
  return body.id;
}

/** An account that Okta is about to create. */
interface NewAccount {
  /** The entitlements that Okta manages in it. */
  access?: ScimBody;
  newPassword?: () => string;
}

/** An account of the application, and what Okta manages in it. */
export interface KnownAccount {
  remoteId: string;
  access: ScimBody;
}

/** Pushes a changed profile. Entitlements are always sent by PUT, with the whole resource. Throws ScimFailure. */
export async function pushProfile(
  send: Send,
  { updates }: Provisioning,
  person: OrgPerson,
  { remoteId, access }: KnownAccount,
): Promise<void> {
  const { body } = await send("GET", `/Users/${remoteId}`);
  if (updates === "patch" && !manages(access)) {
    await send("PATCH", `/Users/${remoteId}`, patchedUser(person));
    return;
  }
  // A profile push never changes the active state (Okta: "SCIM concepts").
  const merged = mergedUser(body, person, body.active !== false);
  await send("PUT", `/Users/${remoteId}`, { ...merged, ...access });
}

function manages(access: ScimBody): boolean {
  return Object.keys(access).length > 0;
}

/** Deactivates the person in the application. Okta never deletes users. Throws ScimFailure. */
export async function deactivatePerson(
  send: Send,
  { updates }: Provisioning,
  person: OrgPerson,
  remoteId: string,
): Promise<void> {
  if (updates !== "private") {
    await send("PATCH", `/Users/${remoteId}`, replaced({ active: false }));
    return;
  }
  const { body } = await send("GET", `/Users/${remoteId}`);
  await send("PUT", `/Users/${remoteId}`, mergedUser(body, person, false));
}

/** "Sync Password". Throws ScimFailure. */
export async function syncPassword(send: Send, remoteId: string, password: string): Promise<void> {
  await send("PATCH", `/Users/${remoteId}`, replaced({ password }));
}

export interface ImportedResources {
  users: ScimBody[];
  groups: ScimBody[];
}

/** "Import Now": reads all users and groups, a hundred per page. Throws ScimFailure. */
export async function importAll(send: Send): Promise<ImportedResources> {
  return { users: await pages(send, "/Users"), groups: await pages(send, "/Groups") };
}

async function pages(send: Send, path: string): Promise<ScimBody[]> {
  return await restOf(send, path, 1, []);
}

/** Reads a list from `startIndex` to its end, and returns it after those that were already `read`. */
async function restOf(send: Send, path: string, from: number, read: ScimBody[]): Promise<ScimBody[]> {
  const found = [...read];
  for (let startIndex = from, total = from; startIndex <= total; startIndex += 100) {
    const { body } = await send("GET", `${path}?startIndex=${startIndex}&count=100`);
    const page = resourcesOf(body);
    if (page.length === 0) break;
    found.push(...page);
    total = Number(body.totalResults);
  }
  return found;
}

const assignable: Record<string, GovernedType["attribute"]> = {
  "urn:okta:scim:schemas:core:1.0:Role": "roles",
  "urn:okta:scim:schemas:core:1.0:Entitlement": "entitlements",
};

/**
 * Makes the calls of Okta's entitlement discovery and "Import User Schema", and returns the resource types whose values can be
 * assigned. Throws ScimFailure.
 */
export async function discover(send: Send): Promise<GovernedType[]> {
  const { body: types } = await send("GET", "/ResourceTypes");
  await send("GET", "/Schemas");
  const found: GovernedType[] = [];
  for (const { schema, endpoint, name, id, description } of resourcesOf(types)) {
    const attribute = assignable[String(schema)];
    if (!attribute) continue;
    const { body } = await send("GET", String(endpoint));
    const first = resourcesOf(body);
    const isWhole = first.length === 0 || first.length >= Number(body.totalResults);
    const values = isWhole ? first : await restOf(send, String(endpoint), first.length + 1, first);
    found.push({
      name: String(name ?? id ?? endpoint),
      attribute,
      description: typeof description === "string" ? description : "",
      values: values.map((value) => ({
        value: idOf(value),
        display: String(value.displayName ?? value.id),
        description: typeof value.description === "string" ? value.description : "",
      })),
    });
  }
  return found;
}

/** An `eq` filter, URL-encoded as by Okta. Quotes and backslashes are escaped (RFC 7644 §3.4.2.2). */
export function equals(attribute: string, value: string): string {
  return encodeURIComponent(`${attribute} eq ${JSON.stringify(value)}`);
}

export function resourcesOf(list: ScimBody): ScimBody[] {
  const { Resources: found } = list;
  return Array.isArray(found) ? found.filter((one) => typeof one === "object" && one !== null) : [];
}

/** Throws ScimFailure if the resource has no id. */
export function idOf({ id }: ScimBody): string {
  if (typeof id === "string" && id !== "") return id;
  throw new ScimFailure(null, "The application answered with a resource that has no id.");
}

function randomPassword(): string {
  return randomBytes(12).toString("base64url");
}
