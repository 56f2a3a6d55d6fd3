import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createRemoteJWKSet, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";

export interface ServerSettings {
  /** Where this server reaches the sidecar, without the proxy. */
  sidecarUrl: string;
  /** The origin in people's browsers: the sidecar's BASE_URL. */
  issuer: string;
  /** This product's name in the sidecar's FORWARD_AUTH_AUDIENCES. */
  audience: string;
}

/** A person, in the words of the sidecar's /me. */
interface Me {
  tenant: { name: string };
  user: { id: string; loginName: string };
  groups: { id: string; displayName: string }[];
}

/**
 * Notes that a customer's group shares. The identity token says who sends a request, and of which tenant; the person's
 * groups are read from the sidecar with the person's own cookie.
 */
export function createNotesServer(settings: ServerSettings): Server {
  const keys = createRemoteJWKSet(new URL("/forward-auth/jwks.json", settings.sidecarUrl));
  return createServer((req, res) => {
    answer(req, res, settings, keys).catch((error: unknown) => {
      console.error(error);
      json(res, 500, { error: "Something went wrong" });
    });
  });
}

async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  settings: ServerSettings,
  keys: JWTVerifyGetKey,
): Promise<void> {
  const identity = await readIdentity(req, settings, keys);
  if (!identity) return json(res, 401, { error: "Not signed in" });
  const { pathname } = new URL(req.url ?? "/", settings.issuer);
  if (req.method !== "GET" || pathname !== "/notes") return json(res, 404, { error: "Not found" });
  const me = await readMe(req, settings.sidecarUrl);
  // The session ended between the two requests, or the browser has another person's by now.
  if (!me || me.user.id !== identity.sub) return json(res, 401, { error: "Not signed in" });
  const shelves = me.groups.map(({ displayName }) => displayName);
  json(res, 200, { tenant: me.tenant.name, person: me.user.loginName, shelves });
}

async function readIdentity(
  req: IncomingMessage,
  { issuer, audience }: ServerSettings,
  keys: JWTVerifyGetKey,
): Promise<JWTPayload | null> {
  const token = req.headers["identity-token"];
  if (typeof token !== "string") return null;
  const rules = {
    issuer,
    audience,
    algorithms: ["RS256"],
    typ: "identity+jwt",
    requiredClaims: ["sub", "exp"],
  };
  const verified = await jwtVerify(token, keys, rules).catch(() => null);
  return verified?.payload ?? null;
}

async function readMe({ headers }: IncomingMessage, sidecarUrl: string): Promise<Me | null> {
  const cookie = headers.cookie ?? "";
  const response = await fetch(new URL("/me", sidecarUrl), { headers: { cookie }, redirect: "error" });
  return response.status === 200 ? ((await response.json()) as Me) : null;
}

function json(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" });
  res.end(JSON.stringify(body));
}
