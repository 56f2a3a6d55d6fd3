/** better-auth with its SCIM and SSO plugins on better-sqlite3, through Kysely with transactions, as its SCIM plugin asks for. */
import { createServer } from "node:http";
import { scim } from "@better-auth/scim";
import { sso } from "@better-auth/sso";
import { type BetterAuthPlugin, betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import Database from "better-sqlite3";
import { Kysely, SqliteDialect } from "kysely";
import { groupName, groupSchema, person } from "../people.ts";
import { databaseFile, originOf, pragmas, progressOf, runServer, type Seeded, type Wish } from "./program.ts";

function optionsOf(wish: Wish, mode: "seed" | "serve") {
  // The plugins' types are not written for exactOptionalPropertyTypes.
  const provisioning = scim({
    connections: [{ id: "acme", credentials: [{ type: "bearer", id: "bench", token: wish.token }] }],
  }) as unknown as BetterAuthPlugin;
  const database = new Database(databaseFile(wish));
  for (const text of pragmas(mode)) database.pragma(text);
  const baseURL = originOf(wish);
  const { issuer, clientId, clientSecret } = wish.oidc;
  const { idpEntityId, ssoUrl, certificate } = wish.saml;
  const pem = `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----`;
  return {
    database: {
      db: new Kysely({ dialect: new SqliteDialect({ database }) }),
      type: "sqlite" as const,
      transaction: true,
    },
    baseURL,
    secret: `${wish.token}-a-secret-that-is-long-enough`,
    trustedOrigins: [new URL(issuer).origin],
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    // By default, a request that names more than 100 members is refused.
    advanced: { database: { defaultFindManyLimit: 1_000 } },
    logger: { level: "error" as const },
    plugins: [
      provisioning,
      sso({
        defaultSSO: [
          {
            providerId: "oidc",
            domain: "oidc.example",
            oidcConfig: {
              issuer,
              clientId,
              clientSecret,
              pkce: true,
              scopes: ["openid", "email", "profile"],
              discoveryEndpoint: `${issuer}/.well-known/openid-configuration`,
            },
          },
          {
            providerId: "saml",
            domain: "saml.example",
            samlConfig: {
              issuer: `${baseURL}/saml/entity`,
              entryPoint: ssoUrl,
              idpMetadata: {
                entityID: idpEntityId,
                cert: pem,
                singleSignOnService: [
                  { Binding: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect", Location: ssoUrl },
                ],
              },
              wantAssertionsSigned: true,
              callbackUrl: `${baseURL}/done`,
              mapping: { email: "email", firstName: "firstName", lastName: "lastName" },
            },
          },
        ],
        saml: { allowIdpInitiated: true },
      }),
    ],
  };
}

async function seed(wish: Wish): Promise<Seeded> {
  const options = optionsOf(wish, "seed");
  const { runMigrations } = await getMigrations(options);
  await runMigrations();
  const auth = betterAuth(options);
  const send = async (path: string, body: unknown): Promise<string> => {
    const answer = await auth.handler(
      new Request(`${originOf(wish)}/api/auth/scim/v2${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${wish.token}`, "content-type": "application/scim+json" },
        body: JSON.stringify(body),
      }),
    );
    const text = await answer.text();
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${text}`);
    return (JSON.parse(text) as { id: string }).id;
  };
  const progress = progressOf("better-auth", wish.users);
  const userIds: string[] = [];
  for (let number = 1; number <= wish.users; number++) {
    userIds.push(await send("/Users", person(number)));
    progress(number);
  }
  const members = userIds.slice(0, wish.members).map((value) => ({ value }));
  const groupId = await send("/Groups", { schemas: [groupSchema], displayName: groupName, members });
  return { userIds, groupId, own: {} };
}

async function serve(wish: Wish): Promise<void> {
  const auth = betterAuth(optionsOf(wish, "serve"));
  createServer(toNodeHandler(auth)).listen(wish.port, "localhost", () => process.send?.(originOf(wish)));
}

await runServer({ seed, serve });
