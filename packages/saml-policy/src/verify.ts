/**
 * Verifies XML signatures with node-saml, on threads: parsing, canonicalization and digests take milliseconds of pure
 * computing, during which a single thread would serve no other request.
 */
import { getVerifiedXml, parseDomFromString, xpath } from "@node-saml/node-saml/lib/xml.js";
import { Piscina } from "piscina";

/** One signature to verify: plain data, because it is copied to a thread. */
export interface SignedPart {
  /** The XML that was judged. */
  xml: string;
  /** The element that the signature signs: the root, or a child of it. */
  element: "Response" | "Assertion";
}

interface Work {
  parts: readonly SignedPart[];
  /** Base64 DER. Certificates inside the XML are never used. */
  certificates: readonly string[];
}

/** For each part the bytes that are signed, canonicalized; or why one of the signatures does not verify. */
export type Verification = { signed: string[] } | { problem: string };

/** Verification takes about as long as the rest of a response: two threads keep up with one process. */
const threadCounts = { minThreads: 1, maxThreads: 2 };
let threads: Piscina<Work, Verification> | null = null;

/**
 * Verifies every part. The threads start with the first response and then stay; they do not keep the process alive.
 * Rejects only for a fault of the program, never because of the XML.
 */
export async function verify(
  parts: readonly SignedPart[],
  certificates: readonly string[],
): Promise<Verification> {
  threads ??= new Piscina({
    filename: import.meta.url,
    ...threadCounts,
    idleTimeout: Number.POSITIVE_INFINITY,
  });
  return await threads.run({ parts, certificates });
}

/**
 * Runs on a thread: piscina calls the default export.
 * @public
 */
export default async function verifyHere({ parts, certificates }: Work): Promise<Verification> {
  const pemFiles = certificates.map(pemOf);
  // Both parts are usually in one document, which is then parsed once.
  const documents = new Map<string, Awaited<ReturnType<typeof parseDomFromString>>>();
  const signed: string[] = [];
  try {
    for (const { xml, element } of parts) {
      const document = documents.get(xml) ?? (await parseDomFromString(xml));
      documents.set(xml, document);
      const root = document.documentElement;
      const target =
        root.localName === element ? root : xpath.selectElements(root, `./*[local-name()='${element}']`)[0];
      const bytes = target && getVerifiedXml(xml, target, pemFiles);
      if (!bytes) return { problem: `no certificate verifies the signature of the ${element}` };
      signed.push(bytes);
    }
    return { signed };
  } catch (error) {
    return { problem: String(error) };
  }
}

function pemOf(certificate: string): string {
  const lines = certificate.match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
