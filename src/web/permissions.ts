/** The rights of a person in the product: entitlements and roles, as the database knows them at this request. */
import type { RequestHandler } from "express";
import { brand } from "../../config/brand.ts";
import { type EntitlementId, entitlements } from "../../config/entitlements.ts";
import { atLeast } from "../directory/roles.ts";
import { ForbiddenError } from "../errors.ts";
import type { Role, User } from "../model.ts";
import { requireSignIn } from "./guards.ts";

/** A signed-in person, or the person for whom an agent acts. Both are loaded with each request. */
interface Permitted {
  user: Pick<User, "entitlements">;
  role: Role;
}

/** Whether the person has an entitlement. Throws an Error for an id that config/entitlements.ts does not have. */
export function hasEntitlement({ user }: Pick<Permitted, "user">, id: EntitlementId): boolean {
  return user.entitlements.includes(known(id).id);
}

/** Throws ForbiddenError. */
export function checkEntitlement(person: Permitted, id: EntitlementId): void {
  if (hasEntitlement(person, id)) return;
  throw new ForbiddenError(
    `This needs the entitlement “${known(id).displayName}”.`,
    `An administrator of your organisation’s Okta assigns it to you in the app ${brand.productName}.`,
  );
}

/** Whether the person has this role, or a higher one. */
export function hasRole({ role }: Pick<Permitted, "role">, needed: Role): boolean {
  return atLeast(role, needed);
}

/** Throws ForbiddenError. */
export function checkRole(person: Pick<Permitted, "role">, needed: Role): void {
  if (hasRole(person, needed)) return;
  throw new ForbiddenError(
    `This needs the role ${needed === "owner" ? "Owner" : "Admin"}.`,
    `An ${needed === "owner" ? "owner" : "administrator"} of your team gives it to you under People.`,
  );
}

/**
 * Lets people with an entitlement pass, on pages and in the API, also if an agent acts for them. Sends signed-out people to
 * the sign-in page. Others get ForbiddenError: 403, and who can grant it.
 */
export const requireEntitlement = (id: EntitlementId): RequestHandler =>
  permit((person) => checkEntitlement(person, id));

/** Like requireEntitlement: lets people with this role, or a higher one, pass. */
export const requireRole = (needed: Role): RequestHandler => permit((person) => checkRole(person, needed));

function permit(check: (person: Permitted) => void): RequestHandler {
  return (req, res, next) => {
    const person = req.acting ?? req.person;
    if (!person) return void requireSignIn(req, res, next);
    check(person);
    next();
  };
}

/** A typo in a view is not a missing entitlement. */
function known(id: string) {
  const found = entitlements.find((one) => one.id === id);
  if (!found) throw new Error(`config/entitlements.ts has no entitlement "${id}"`);
  return found;
}
