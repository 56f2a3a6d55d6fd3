import { apiScopes } from "../../../config/integration.ts";
import { eachFault, type PlantedFault } from "../../helpers/check-faults.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import type { Exchange, Fault } from "../../helpers/front.ts";
import { type ReadyDeployment, useReadyDeployment } from "../../helpers/readiness.ts";

/** A token request as an authorization server reads it, without verifying anything. */
interface ReadRequest {
  header: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: claims of any shape.
  claims: Record<string, any>;
  /** The scopes that it asks for. */
  scope: string | null;
  /** The client ID and the secret. */
  client: string;
}

/** An authorization server that issues a token for some requests that are wrong. */
function accepting(isAccepted: (request: ReadRequest, ready: ReadyDeployment) => boolean) {
  return (ready: ReadyDeployment): Fault => ({
    request(exchange) {
      if (exchange.method !== "POST" || exchange.path !== "/oauth2/token") return undefined;
      const request = readRequest(exchange);
      return isAccepted(request, ready) ? issued(request.scope ?? request.claims.scope) : undefined;
    },
  });
}

function readRequest({ requestBody, requestHeaders }: Exchange): ReadRequest {
  const form = new URLSearchParams(requestBody);
  const [header = "", claims = ""] = (form.get("assertion") ?? "").split(".");
  const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  const basic = (requestHeaders.authorization ?? "").replace("Basic ", "");
  return {
    header: read(header),
    claims: read(claims),
    scope: form.get("scope"),
    client: Buffer.from(basic, "base64").toString(),
  };
}

function issued(scope: string): Partial<Exchange> {
  const body = JSON.stringify({ access_token: "planted", token_type: "Bearer", expires_in: 600, scope });
  return { status: 200, headers: { "content-type": "application/json", "cache-control": "no-store" }, body };
}

const scopes = apiScopes.map(({ name }) => name);
const now = () => Date.now() / 1000;

/** Issues a token again for an assertion that it has accepted before. */
function forgetful(): Fault {
  const seen = new Set<string>();
  return {
    request({ path, requestBody }) {
      if (path !== "/oauth2/token") return undefined;
      const isAgain = seen.has(requestBody);
      seen.add(requestBody);
      return isAgain ? issued(scopes.join(" ")) : undefined;
    },
  };
}

const faults: PlantedFault[] = [
  {
    name: "a client with a wrong secret that gets a token",
    fails: ["agents-client"],
    seen: /with a wrong secret/,
    fault: accepting(({ client }) => client.endsWith(":oincheck-wrong")),
  },
  {
    name: "an unknown client that gets a token",
    fails: ["agents-client"],
    seen: /with an unknown client ID/,
    fault: accepting(({ client }) => client.startsWith("oincheck-unknown:")),
  },
  {
    name: "a scope that the ID-JAG does not grant",
    fails: ["agents-scope-raised"],
    seen: new RegExp(`with a token, scope ${scopes.join(" ")}`),
    fault: accepting(({ scope }) => scope !== null),
  },
  {
    name: "the key in the header that is believed",
    fails: ["agents-signature"],
    seen: /brings its own key/,
    fault: accepting(({ header }) => header.jwk !== undefined),
  },
  {
    name: "an ID token that is a grant",
    fails: ["agents-type"],
    fault: accepting(({ header }) => header.typ === "JWT"),
  },
  {
    name: "the algorithm none",
    fails: ["agents-algorithm-none"],
    fault: accepting(({ header }) => header.alg === "none"),
  },
  {
    name: "the public key as a shared secret",
    fails: ["agents-algorithm-hs256"],
    fault: accepting(({ header }) => header.alg === "HS256"),
  },
  {
    name: "an assertion for another authorization server",
    fails: ["agents-audience"],
    seen: /another authorization server/,
    fault: accepting(({ claims }, { front }) => !String(claims.aud).startsWith(front.url)),
  },
  {
    name: "an audience that is compared loosely",
    fails: ["agents-audience"],
    seen: /with a slash at its end/,
    fault: accepting(({ claims }, { front }) => claims.aud === `${front.url}/`),
  },
  {
    name: "an assertion for two authorization servers",
    fails: ["agents-audience-of-two"],
    fault: accepting(({ claims }) => Array.isArray(claims.aud)),
  },
  {
    name: "an assertion of another client",
    fails: ["agents-client-id"],
    fault: accepting(({ claims }) => String(claims.client_id).endsWith("-other")),
  },
  {
    name: "an assertion of any org",
    fails: ["agents-foreign-issuer"],
    fault: accepting(({ claims }) => String(claims.iss).includes("stranger")),
  },
  {
    name: "an expired assertion that is accepted",
    fails: ["agents-expired"],
    fault: accepting(({ claims }) => claims.exp < now()),
  },
  {
    name: "an assertion from the future that is accepted",
    fails: ["agents-future"],
    fault: accepting(({ claims }) => claims.iat > now() + 600),
  },
  {
    name: "an assertion for another resource",
    fails: ["agents-foreign-resource"],
    seen: /a resource of another server/,
    fault: accepting(({ claims }) => String(claims.resource).includes("stranger")),
  },
  {
    name: "a resource that is compared loosely",
    fails: ["agents-foreign-resource"],
    seen: /a resource with a slash at its end/,
    fault: accepting(({ claims }) => String(claims.resource).endsWith("/")),
  },
  {
    name: "a bound assertion without a proof",
    fails: ["agents-proof"],
    fault: accepting(({ claims }) => claims.cnf !== undefined),
  },
  { name: "a replayed assertion", fails: ["agents-replay"], fault: forgetful },
];

describe("oin:check of the refusals of Cross App Access", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);

  eachFault(["agents"], ready, faults);
});
