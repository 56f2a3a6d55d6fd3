import { createPrivateKey, randomUUID } from "node:crypto";
import { importJWK, SignJWT } from "jose";
import { samlKeyId } from "./keys.ts";
import { type Org, OrgRefusal } from "./org.ts";
import { issuerOf } from "./saml.ts";
import type { OrgApp, OrgPerson } from "./state.ts";

const lifetimeSeconds = 300;
const timeoutMs = 15_000;

/**
 * Asks an application to end a person's sessions (Okta: "Universal Logout"). The key that signs the app's sign-ins also
 * signs the token. Returns a sentence about the result. Throws OrgRefusal if the app does not support it.
 */
export async function universalLogout(org: Org, app: OrgApp, person: OrgPerson): Promise<string> {
  if (!app.universalLogout) throw new OrgRefusal(`${app.label} does not support Universal Logout.`);
  const { url } = app.universalLogout;
  const body = { sub_id: subjectOf(org, app, person) };
  const requestHeaders = {
    "Content-Type": "application/json",
    Authorization: `Bearer ${await token(org, app, url)}`,
  };
  const started = performance.now();
  const about = { appId: app.id, why: `Universal Logout of ${person.login}`, method: "POST", url };
  const entry = { ...about, at: Date.now(), requestHeaders, requestBody: body };
  const durationMs = () => Math.round(performance.now() - started);
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await fetch(url, {
      method: "POST",
      headers: requestHeaders,
      body: JSON.stringify(body),
      redirect: "manual",
      signal,
    });
    org.calls.add({
      ...entry,
      status: answer.status,
      answer: await answer.text(),
      problem: null,
      durationMs: durationMs(),
    });
    return `${app.label} answered ${answer.status}${meanings[answer.status] ?? ""}.`;
  } catch (error) {
    const problem = `No answer: ${error instanceof Error ? error.message : String(error)}.`;
    org.calls.add({ ...entry, status: null, answer: "", problem, durationMs: durationMs() });
    return `${app.label} did not answer.`;
  }
}

const meanings: Record<number, string> = {
  204: ": the person is signed out there",
  401: ": it does not accept the token",
  403: ": Universal Logout is switched off there",
  404: ": it does not know the person",
};

async function token(org: Org, app: OrgApp, url: string): Promise<string> {
  const { key, kid } = await signerOf(org, app);
  const now = Math.floor(Date.now() / 1000);
  // The audience is the endpoint without its query and fragment.
  const { origin, pathname } = new URL(url);
  return await new SignJWT({})
    .setProtectedHeader({ typ: "global-token-revocation+jwt", alg: "RS256", kid })
    .setJti(randomUUID())
    .setIssuer(org.url)
    .setSubject(app.id)
    .setAudience(origin + pathname)
    .setIssuedAt(now)
    .setNotBefore(now - lifetimeSeconds)
    .setExpirationTime(now + lifetimeSeconds)
    .sign(key);
}

/** Okta: the key that signs the app's ID tokens or assertions. */
async function signerOf(org: Org, { signOn }: OrgApp) {
  if (signOn.kind === "saml") {
    return { key: createPrivateKey(signOn.privateKey), kid: samlKeyId(signOn) };
  }
  const [jwk] = org.store.state.keys;
  if (!jwk) throw new OrgRefusal("The org has no signing key.");
  return { key: await importJWK(jwk, "RS256"), kid: jwk.kid ?? "" };
}

function subjectOf(org: Org, app: OrgApp, person: OrgPerson) {
  if (app.universalLogout?.subjectFormat === "email") return { format: "email", email: person.email };
  return app.signOn.kind === "saml"
    ? { format: "iss_sub", iss: issuerOf(app.signOn), sub: person.login }
    : { format: "iss_sub", iss: org.url, sub: person.id };
}
