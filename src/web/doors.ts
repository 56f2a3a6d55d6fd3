import type { Request, Response } from "express";
import { enforcedConnection } from "../directory/domains.ts";
import { checkUrlName } from "../directory/tenants.ts";
import { paths } from "../endpoints.ts";
import type { Connection, ConnectionType, Tenant } from "../model.ts";
import type { Database } from "../store/database.ts";
import { forTenant } from "../store/tenant-store.ts";
import { cookieOf } from "./cookies.ts";

/** One way into a tenant. */
export interface Door {
  tenantName: string;
  /** What tells it apart from other doors of the tenant. */
  label: string;
  url: string;
  /** Null for the password form. */
  connection: ConnectionName | null;
}

/** What names a connection: its key may name one of each type. */
export interface ConnectionName {
  type: ConnectionType;
  key: string;
}

const rememberedCookie = "last-connection";
const rememberMs = 180 * 86_400_000;

/**
 * The doors of tenants for the people of a domain: the one that is enforced; else single sign-on where there is some, and
 * the password form where there is none.
 */
export async function doorsOf(
  database: Database,
  tenants: readonly Tenant[],
  domain: string,
): Promise<Door[]> {
  const doors: Door[] = [];
  for (const tenant of tenants) {
    const store = forTenant(database, tenant.id);
    const only = await enforcedConnection(store, domain);
    const connections = only ? [only] : await store.connections.list();
    const open = connections.flatMap((connection) => doorOf(tenant, connection) ?? []);
    doors.push(...(open.length > 0 ? open : [passwordDoor(tenant)]));
  }
  return doors;
}

function doorOf(tenant: Tenant, { key, type, status }: Connection): Door | null {
  if (status !== "active") return null;
  const connection = { type, key };
  return { tenantName: tenant.name, label: key, url: signInPath(connection), connection };
}

/** Where a sign-in through a connection begins. */
export function signInPath({ type, key }: ConnectionName): string {
  return paths[type](key).login;
}

function passwordDoor({ name, slug }: Tenant): Door {
  return { tenantName: name, label: slug, url: paths.passwordLoginOf(slug), connection: null };
}

/** The connection that this browser was asked to remember; what the cookie holds are names that anybody may know. */
export function rememberedConnection(req: Request): ConnectionName | null {
  const [type = "", key = ""] = (cookieOf(req, rememberedCookie) ?? "").split(".");
  if (type !== "oidc" && type !== "saml") return null;
  try {
    checkUrlName(key, "The connection ID");
    return { type, key };
  } catch {
    return null;
  }
}

export function rememberConnection(res: Response, { type, key }: ConnectionName, secure: boolean): void {
  res.cookie(rememberedCookie, `${type}.${key}`, {
    httpOnly: true,
    sameSite: "lax",
    secure,
    path: "/login",
    maxAge: rememberMs,
  });
}

export function forgetConnection(res: Response): void {
  res.clearCookie(rememberedCookie, { path: "/login" });
}
