import { randomUUID } from "node:crypto";
import type { Profile, User, UserOrigin } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { attributesFromProfile } from "./attributes.ts";

/** Creates a user of whom only a profile is known. Call it in a transaction. Throws ConflictError `login-name-taken`. */
export async function createUser(
  store: TenantStore,
  { loginName, ...profile }: Profile & Pick<User, "loginName">,
  origin: Exclude<UserOrigin, "scim">,
): Promise<User> {
  const user = await store.users.create({
    ...profile,
    attributes: attributesFromProfile(profile),
    id: randomUUID(),
    loginName,
    active: true,
    origin,
    sourceId: null,
    sourceKey: null,
  });
  await store.activity.tell({ name: "personCreated", userId: user.id });
  return user;
}
