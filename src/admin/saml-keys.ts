import { keyPairsOf } from "../saml/keys.ts";
import { providerIn } from "../sign-in-protocols.ts";
import { certificateExpiry, certificateFacts } from "../trust/certificates.ts";
import type { Fact } from "../trust/connection-facts.ts";
import type { AdminDeps } from "./deps.ts";
import type { SetUpContext } from "./set-up-context.ts";
import { shownValue } from "./shown.ts";

type KeyContext = Pick<SetUpContext, "store" | "connection">;

/** Our certificates at a SAML connection. The first one signs. */
export async function ourCertificates(
  { sealer, generateKeys }: AdminDeps,
  { store, connection }: KeyContext,
): Promise<string[]> {
  return (await keyPairsOf(store, sealer, connection, generateKeys)).map(({ certificate }) => certificate);
}

/** Everything that an administrator should see before changing our key. */
export function keyFacts(certificates: readonly string[]): Fact[] {
  const fingerprints = certificates.map((certificate) => certificateFacts(certificate).fingerprint);
  return [["Our certificates", fingerprints.join("\n")]];
}

/** The certificates of both sides, and the tenant's policy, for the connection's page. */
export async function samlPageValues(deps: AdminDeps, context: KeyContext) {
  const [ours, unsolicitedAllowed] = await Promise.all([
    ourCertificates(deps, context),
    context.store.connections.unsolicitedAllowed(),
  ]);
  const { settings } = context.connection;
  return {
    unsolicitedAllowed,
    shownKeys: shownValue(keyFacts(ours)),
    certificates: ((settings && providerIn(settings).certificates) ?? []).map(certificateRow),
    ourCertificates: ours.map(certificateRow),
  };
}

function certificateRow(certificate: string) {
  const facts = certificateFacts(certificate);
  return { ...facts, state: certificateExpiry(facts) };
}
