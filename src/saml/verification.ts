import type { SamlConfig } from "@node-saml/node-saml";
import { Piscina } from "piscina";
import { RefusedError } from "../errors.ts";

/** What a thread needs to verify one response: plain data, because it is copied there. */
export interface Verification {
  /** The field as it was posted: base64. */
  response: string;
  /** Certificates that may have signed, and a key of ours for what is encrypted. */
  options: Pick<
    SamlConfig,
    | "issuer"
    | "callbackUrl"
    | "idpCert"
    | "wantAuthnResponseSigned"
    | "wantAssertionsSigned"
    | "decryptionPvk"
  >;
}

/** The XML that is signed, or why there is none. */
export type Verdict = { xml: string } | { problem: string };

/** Verifying costs about as much as all the rest of a response: two threads keep up with what one process can serve. */
const threadCounts = { minThreads: 1, maxThreads: 2 };
let threads: Piscina<Verification, Verdict> | null = null;

/**
 * Verifies the signatures of a response on another thread, so that nobody else waits for it: it is milliseconds of pure
 * computing (docs/decisions/0029). The threads start with the first responses, stay, and do not keep the process alive.
 * Throws RefusedError `saml-signature-not-valid`.
 */
export async function verifyOnThread(verification: Verification): Promise<string> {
  threads ??= new Piscina({
    filename: new URL("verification-thread.ts", import.meta.url).href,
    ...threadCounts,
    idleTimeout: Number.POSITIVE_INFINITY,
  });
  const verdict = await threads.run(verification);
  if ("xml" in verdict) return verdict.xml;
  throw new RefusedError("saml-signature-not-valid", null, { cause: new Error(verdict.problem) });
}
