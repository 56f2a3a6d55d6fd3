import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { createApp, type ExampleSettings } from "./app.ts";
import { openDatabase } from "./users.ts";

/** Throws if the variable is missing: the application does not start with half of its settings. */
function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is missing. See examples/existing-app/env.example.`);
  return value;
}

const settings: ExampleSettings = {
  baseUrl: variable("BASE_URL"),
  scimTokenHash: variable("SCIM_TOKEN_SHA256"),
  // SAML {
  saml: {
    idpEntityId: variable("SAML_IDP_ENTITY_ID"),
    ssoUrl: variable("SAML_SSO_URL"),
    certificate: variable("SAML_CERTIFICATE"),
  },
  // SAML }
  oidc: {
    issuer: variable("OIDC_ISSUER"),
    clientId: variable("OIDC_CLIENT_ID"),
    clientSecret: variable("OIDC_CLIENT_SECRET"),
  },
  allowPrivateNetwork: process.env.INSECURE_ALLOW_PRIVATE_NETWORK === "true",
  log: (problem) => console.error(problem),
};

const file = variable("DATABASE");
mkdirSync(dirname(file), { recursive: true });
const sql = await openDatabase(file);
const server = createApp(sql, settings).listen(Number(variable("PORT")), () =>
  console.log(`Listening on ${settings.baseUrl}`),
);
// Running requests finish first; then nothing keeps the process alive.
process.once("SIGTERM", () => server.close(() => void sql.destroy()));
