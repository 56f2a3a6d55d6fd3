import type { Request, Response } from "express";
import { checkName } from "../directory/tenants.ts";
import { paths } from "../endpoints.ts";
import type { Connection, Tenant } from "../model.ts";
import type { Database } from "../store/database.ts";
import { forTenant } from "../store/tenant-store.ts";
import { cookieOf } from "./cookies.ts";

/** One way into a tenant. */
export interface Door {
  tenantName: string;
  /** What tells it apart from other doors of the tenant. */
  label: string;
  url: string;
  /** The connection's key; null for the password form. */
  key: string | null;
}

const rememberedCookie = "last-connection";
const rememberMs = 180 * 86_400_000;

/** The doors of tenants, best first: single sign-on where there is some, and the password form where there is none. */
export async function doorsOf(database: Database, tenants: readonly Tenant[]): Promise<Door[]> {
  const doors: Door[] = [];
  for (const tenant of tenants) {
    const connections = await forTenant(database, tenant.id).connections.list();
    const open = connections.flatMap((connection) => doorOf(tenant, connection) ?? []);
    doors.push(...(open.length > 0 ? open : [passwordDoor(tenant)]));
  }
  return doors;
}

function doorOf(tenant: Tenant, { key, type, status }: Connection): Door | null {
  if (status !== "active" || type !== "oidc") return null;
  return { tenantName: tenant.name, label: key, url: paths.oidc(key).login, key };
}

function passwordDoor({ name, slug }: Tenant): Door {
  return { tenantName: name, label: slug, url: paths.passwordLoginOf(slug), key: null };
}

/** The connection that this browser was asked to remember; what the cookie holds is a name that anybody may know. */
export function rememberedKey(req: Request): string | null {
  const key = cookieOf(req, rememberedCookie);
  if (key === null) return null;
  try {
    checkName(key, "The connection ID");
    return key;
  } catch {
    return null;
  }
}

export function rememberKey(res: Response, key: string, secure: boolean): void {
  res.cookie(rememberedCookie, key, {
    httpOnly: true,
    sameSite: "lax",
    secure,
    path: "/login",
    maxAge: rememberMs,
  });
}

export function forgetKey(res: Response): void {
  res.clearCookie(rememberedCookie, { path: "/login" });
}
