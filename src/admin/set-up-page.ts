import type { Response } from "express";
import { attributes } from "../../config/attributes.ts";
import { guestsAreFrozen } from "../directory/connections.ts";
import { latestSignInTest } from "../directory/sign-in-tests.ts";
import { oidcUrls, paths, samlUrls } from "../endpoints.ts";
import type { Connection } from "../model.ts";
import { randomToken } from "../store/secrets.ts";
import { certificateExpiry, certificateFacts } from "../trust/certificates.ts";
import { connectionFacts, type Fact } from "../trust/connection-facts.ts";
import { refusals } from "../web/refusals.ts";
import type { FormReader } from "./form-reader.ts";
import { oidcValues } from "./oidc-form.ts";
import type { AdminDeps } from "./routes.ts";
import { nameableFields, samlValues } from "./saml-form.ts";
import { type ChangedError, shownField, shownValue } from "./shown.ts";
import { isFrozen, mayEdit, type Visit } from "./visit.ts";

/** A form that was sent and not taken: something in it is wrong, or the connection is not what its page showed. */
interface Sent {
  form: FormReader;
  changed?: ChangedError;
}

/** Shows the set-up of a connection, with what is stored or, after something was wrong, with what was entered. */
export async function showSetUp(
  deps: AdminDeps,
  visit: Visit,
  res: Response,
  { form, changed }: Partial<Sent> = {},
): Promise<void> {
  const { store, connection, person } = visit;
  const [secrets, test, domains, links] = await Promise.all([
    store.connections.sealedSecrets(connection.id),
    latestSignInTest(store, deps.sealer, connection.id),
    store.domains.list(),
    store.links.ofConnection(connection.id),
  ]);
  const { key, type } = connection;
  const isStopped = isFrozen(visit);
  const ours = type === "saml" ? await ourCertificates(deps, visit) : [];
  res.set("Cache-Control", "no-store").render(person ? "admin/connection" : "admin/set-up-guest", {
    title: `${type === "oidc" ? "OpenID Connect" : "SAML"} connection ${key}`,
    connection,
    base: visit.base,
    tenant: visit.tenant,
    canEdit: mayEdit(visit) && !isStopped,
    isStopped,
    guestsWait: connection.status === "draft" && guestsAreFrozen(connection),
    changed,
    // With what was entered, the page still shows what it showed before; the difference, when there is one, shows the rest.
    shown: (changed ? null : form?.values[shownField]) ?? shownValue(connectionFacts(connection)),
    shownKeys: shownValue(keyFacts(ours)),
    // Whoever opens a set-up link may be signed in, and is a guest all the same.
    isGuest: person === null,
    isOwner: person?.role === "owner",
    values: form?.values ?? valuesOf(connection),
    problems: form?.problems ?? {},
    notes: form?.notes ?? {},
    urls: type === "oidc" ? oidcUrls(deps.baseUrl, key) : samlUrls(deps.baseUrl, key),
    logoutEndpoint: deps.baseUrl + paths.globalTokenRevocation,
    passwordUrl: deps.baseUrl + paths.passwordLoginOf(visit.tenant.slug),
    secret: { isStored: secrets.current !== null, isChanging: secrets.former !== null },
    certificates: certificatesOf(connection),
    ourCertificates: ours.map(certificateShown),
    test,
    newTestId: randomToken(),
    canLink: canLink(visit, test),
    refusals,
    links,
    enforced: domains.filter(({ enforcedConnectionId }) => enforcedConnectionId === connection.id),
    attributes: attributes.filter(({ samlAttribute }) => samlAttribute !== null),
    nameableFields,
  });
}

function valuesOf(connection: Connection): Record<string, string> {
  const { type, settings, justInTime } = connection;
  return type === "oidc" ? oidcValues(settings, justInTime) : samlValues(settings, justInTime);
}

/** What people compare and watch of the provider's certificates. */
function certificatesOf({ type, settings }: Connection) {
  if (type !== "saml" || !settings) return [];
  return settings.certificates.map(certificateShown);
}

/** Our own certificates at a connection, the one that signs first. */
export async function ourCertificates(
  { saml, sealer }: AdminDeps,
  { store, connection }: Pick<Visit, "store" | "connection">,
): Promise<string[]> {
  return (await saml.keyPairs(store, sealer, connection)).map(({ certificate }) => certificate);
}

/** What a change of our key depends on: the certificates that are there. */
export function keyFacts(certificates: readonly string[]): Fact[] {
  const prints = certificates.map((certificate) => certificateFacts(certificate).fingerprint);
  return [["Our certificates", prints.join("\n")]];
}

function certificateShown(certificate: string) {
  const facts = certificateFacts(certificate);
  return { ...facts, state: certificateExpiry(facts) };
}

/**
 * Whether the visitor may take the identity that the test showed for their own account: they made the test themselves,
 * their account is local or an owner's, and the identity is nobody's yet.
 */
function canLink({ person }: Visit, test: Awaited<ReturnType<typeof latestSignInTest>>): boolean {
  if (!test?.outcome || !person || test.userId !== person.user.id) return false;
  const isKnown = "user" in test.outcome && test.outcome.by !== "just-in-time";
  return (person.user.origin === "local" || person.role === "owner") && !isKnown;
}
