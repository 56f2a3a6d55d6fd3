import Fastify, { type FastifyInstance } from "fastify";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

export interface SidecarSettings {
  /** Where this server reaches the sidecar, without the proxy. */
  sidecarUrl: string;
  /** The origin in people's browsers: the sidecar's BASE_URL. */
  issuer: string;
  /** This product's name in the sidecar's FORWARD_AUTH_AUDIENCES. */
  audience: string;
}

/** The person of a request, as the identity token says. */
interface Person {
  id: string;
  loginName: string;
  tenantId: string;
  role: string;
  entitlements: string[];
}

declare module "fastify" {
  interface FastifyRequest {
    person: Person | null;
  }
}

/** Sample data of a product: each customer sees its own. */
const reports = [{ slug: "acme", title: "Revenue of Acme" }];

export function createApp(settings: SidecarSettings): FastifyInstance {
  const app = Fastify();
  const identify = identityReader(settings);
  app.decorateRequest("person", null);

  // Before the body is parsed.
  app.addHook("onRequest", async (request, reply) => {
    request.person = await identify(request.headers["identity-token"]);
    if (!request.person) return reply.code(401).send({ error: "Not signed in" });
  });

  app.get("/reports", async ({ person }) => ({
    person,
    reports: reports.map(({ title }) => title),
  }));

  app.post("/reports/export", async ({ person }, reply) => {
    if (!person?.entitlements.includes("task-export")) return reply.code(403).send({ error: "Not entitled" });
    return { exported: reports.length, by: person.loginName };
  });
  return app;
}

/**
 * Reads the header that the proxy sets. The audience keeps tokens of other products out, and `typ` other tokens of the same
 * issuer. jose reads the keys again when it meets a new one.
 */
function identityReader({ sidecarUrl, issuer, audience }: SidecarSettings) {
  const keys = createRemoteJWKSet(new URL("/forward-auth/jwks.json", sidecarUrl));
  const rules = {
    issuer,
    audience,
    algorithms: ["RS256"],
    typ: "identity+jwt",
    requiredClaims: ["sub", "exp"],
  };
  return async (token: string | string[] | undefined): Promise<Person | null> => {
    if (typeof token !== "string") return null;
    try {
      const { payload } = await jwtVerify<Claims>(token, keys, rules);
      const { sub = "", login_name: loginName, tenant, role, entitlements } = payload;
      return { id: sub, loginName, tenantId: tenant.id, role, entitlements };
    } catch (error) {
      // Unreadable keys are the deployment's fault, and not the person's: Fastify answers 500.
      if (!isRefusal(error)) throw error;
      return null;
    }
  };
}

/** Whether the token is at fault. */
function isRefusal(error: unknown): boolean {
  return refusals.some((kind) => error instanceof kind);
}

const refusals = [
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JWKSNoMatchingKey,
];

interface Claims {
  login_name: string;
  tenant: { id: string; slug: string; name: string };
  role: string;
  entitlements: string[];
}
