import type { Request, Response } from "express";
import { enforcedConnection } from "../directory/domains.ts";
import { checkUrlName } from "../directory/tenants.ts";
import { paths } from "../endpoints.ts";
import type { Connection, Tenant } from "../model.ts";
import { type ConnectionRef, isConnectionType } from "../sign-in-protocols.ts";
import type { Database } from "../store/database.ts";
import { forTenant } from "../store/tenant-store.ts";
import { cookieOf } from "./request.ts";

/** One way to sign in to a tenant. */
export interface SignInOption {
  tenantName: string;
  /** The connection's key or the tenant's slug: tells this option from others that would read the same. */
  label: string;
  url: string;
  /** Null for the password form. */
  connection: ConnectionRef | null;
}

/** The connection that a browser remembers, with the name by which its tenant was shown when it began to. */
export interface RememberedConnection extends ConnectionRef {
  /** Null if an earlier version wrote the cookie. */
  tenantName: string | null;
}

const rememberedCookie = "last-connection";
const rememberMs = 180 * 86_400_000;

/**
 * The sign-in options of the tenants for people of a domain: the connection that is enforced for the domain, else each
 * active connection, else the password form.
 */
export async function signInOptions(
  database: Database,
  tenants: readonly Tenant[],
  domain: string,
): Promise<SignInOption[]> {
  const options: SignInOption[] = [];
  for (const tenant of tenants) {
    const store = forTenant(database, tenant.id);
    const enforced = await enforcedConnection(store, domain);
    const connections = enforced ? [enforced] : await store.connections.list();
    const active = connections.flatMap((connection) => connectionOption(tenant, connection) ?? []);
    options.push(...(active.length > 0 ? active : [passwordOption(tenant)]));
  }
  return options;
}

function connectionOption(tenant: Tenant, { key, type, status }: Connection): SignInOption | null {
  if (status !== "active") return null;
  const connection = { type, key };
  return { tenantName: tenant.name, label: key, url: signInPath(connection), connection };
}

/** The path at which a sign-in through a connection begins. */
export function signInPath({ type, key }: ConnectionRef): string {
  return paths[type](key).login;
}

function passwordOption({ name, slug }: Tenant): SignInOption {
  return { tenantName: name, label: slug, url: paths.passwordLoginOf(slug), connection: null };
}

/**
 * The connection that this browser was asked to remember. The cookie is not signed: it holds public names only. The name
 * comes from it and not from the database, where a forged cookie could look up the tenant of any connection.
 */
export function rememberedConnection(req: Request): RememberedConnection | null {
  const [type = "", key = "", name = ""] = (cookieOf(req, rememberedCookie) ?? "").split(".");
  if (!isConnectionType(type)) return null;
  try {
    checkUrlName(key, "The connection ID");
    return { type, key, tenantName: Buffer.from(name, "base64url").toString() || null };
  } catch {
    return null;
  }
}

export function rememberConnection(
  res: Response,
  { type, key, tenantName }: RememberedConnection,
  secure: boolean,
): void {
  const name = Buffer.from(tenantName ?? "").toString("base64url");
  res.cookie(rememberedCookie, `${type}.${key}.${name}`, {
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
