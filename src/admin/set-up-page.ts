import type { Response } from "express";
import { attributes } from "../../config/attributes.ts";
import { guestsAreFrozen } from "../directory/connections.ts";
import { latestSignInTest } from "../directory/sign-in-tests.ts";
import { oidcUrls, paths, samlUrls } from "../endpoints.ts";
import type { Connection } from "../model.ts";
import { keyPairsOf } from "../saml/keys.ts";
import { randomToken } from "../store/secrets.ts";
import { certificateExpiry, certificateFacts } from "../trust/certificates.ts";
import { connectionFacts, type Fact } from "../trust/connection-facts.ts";
import type { ChangedError } from "../web/answers.ts";
import { refusals } from "../web/refusals.ts";
import type { AdminDeps } from "./deps.ts";
import type { FormReader } from "./form-reader.ts";
import { oidcValues } from "./oidc-form.ts";
import { nameableFields, samlValues } from "./saml-form.ts";
import { isFrozen, mayEdit, type SetUpContext } from "./set-up-context.ts";
import { shownField, shownValue } from "./shown.ts";

/** A submitted form that was not saved, because it has problems or because the connection has changed. */
interface RejectedForm {
  form: FormReader;
  changed?: ChangedError;
}

/** Shows the set-up of a connection: the stored values, or those of a form that was not saved. */
export async function showSetUp(
  deps: AdminDeps,
  context: SetUpContext,
  res: Response,
  { form, changed }: Partial<RejectedForm> = {},
): Promise<void> {
  const { store, connection, person, tenant, base } = context;
  const [secrets, test, domains, links] = await Promise.all([
    store.connections.sealedSecrets(connection.id),
    latestSignInTest(store, deps.sealer, connection.id),
    store.domains.list(),
    store.links.ofConnection(connection.id),
  ]);
  const { key, type } = connection;
  const isStopped = isFrozen(context);
  const ours = type === "saml" ? await ourCertificates(deps, context) : [];
  res.set("Cache-Control", "no-store").render(person ? "admin/connection" : "admin/set-up-guest", {
    title: `${type === "oidc" ? "OpenID Connect" : "SAML"} connection ${key}`,
    connection,
    base,
    tenant,
    canEdit: mayEdit(context) && !isStopped,
    isStopped,
    guestsWait: connection.status === "draft" && guestsAreFrozen(connection),
    changed,
    // After an error the form is still about the settings that its page showed first. After a change it shows the new ones.
    shown: (changed ? null : form?.values[shownField]) ?? shownValue(connectionFacts(connection)),
    shownKeys: shownValue(keyFacts(ours)),
    // The browser that opens a set-up link may have a session, but its user is still a guest here.
    isGuest: person === null,
    isOwner: person?.role === "owner",
    values: form?.values ?? storedValues(connection),
    problems: form?.problems ?? {},
    notes: form?.notes ?? {},
    urls: type === "oidc" ? oidcUrls(deps.baseUrl, key) : samlUrls(deps.baseUrl, key),
    logoutEndpoint: deps.baseUrl + paths.globalTokenRevocation,
    passwordUrl: deps.baseUrl + paths.passwordLoginOf(tenant.slug),
    secret: { isStored: secrets.current !== null, isChanging: secrets.former !== null },
    certificates: providerCertificates(connection).map(certificateRow),
    ourCertificates: ours.map(certificateRow),
    test,
    newTestId: randomToken(),
    canLink: canLink(context, test),
    refusals,
    links,
    enforced: domains.filter(({ enforcedConnectionId }) => enforcedConnectionId === connection.id),
    attributes: attributes.filter(({ samlAttribute }) => samlAttribute !== null),
    nameableFields,
  });
}

function storedValues(connection: Connection): Record<string, string> {
  const { type, settings, justInTime } = connection;
  return type === "oidc" ? oidcValues(settings, justInTime) : samlValues(settings, justInTime);
}

function providerCertificates({ type, settings }: Connection): string[] {
  return type === "saml" && settings ? settings.certificates : [];
}

/** Our certificates at a connection. The first one signs. */
export async function ourCertificates(
  { sealer, generateKeys }: AdminDeps,
  { store, connection }: Pick<SetUpContext, "store" | "connection">,
): Promise<string[]> {
  return (await keyPairsOf(store, sealer, connection, generateKeys)).map(({ certificate }) => certificate);
}

/** Everything that an administrator should see before changing our key. */
export function keyFacts(certificates: readonly string[]): Fact[] {
  const fingerprints = certificates.map((certificate) => certificateFacts(certificate).fingerprint);
  return [["Our certificates", fingerprints.join("\n")]];
}

function certificateRow(certificate: string) {
  const facts = certificateFacts(certificate);
  return { ...facts, state: certificateExpiry(facts) };
}

/**
 * Whether the page offers to link the tested identity to the person's account: they ran the test themselves, their account
 * is local or an owner's, and no account has the identity yet.
 */
function canLink({ person }: SetUpContext, test: Awaited<ReturnType<typeof latestSignInTest>>): boolean {
  if (!test?.outcome || !person || test.userId !== person.user.id) return false;
  const isKnown = "user" in test.outcome && test.outcome.by !== "just-in-time";
  return (person.user.origin === "local" || person.role === "owner") && !isKnown;
}
