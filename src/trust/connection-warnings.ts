import type { Connection } from "../model.ts";
import { providerIn } from "../sign-in-protocols.ts";
import { certificateExpiry, certificateFacts } from "./certificates.ts";

/** Whether a connection's signing certificates have expired or soon will. */
export function certificateWarning(connection: Connection): "expired" | "soon" | null {
  const certificates = certificatesOf(connection);
  if (certificates === null) return null;
  const states = certificates.map((certificate) => certificateExpiry(certificateFacts(certificate)));
  // One certificate that is valid for long is enough.
  if (states.includes(null)) return null;
  return states.includes("soon") ? "soon" : "expired";
}

/** When the last of a connection's signing certificates ends; null if it has none. */
export function certificateEnd(connection: Connection): number | null {
  const ends =
    certificatesOf(connection)?.map((certificate) => certificateFacts(certificate).validUntil) ?? [];
  return ends.length === 0 ? null : Math.max(...ends);
}

function certificatesOf({ settings }: Connection): readonly string[] | null {
  return settings && providerIn(settings).certificates;
}

/** A warning about an active connection, as a sentence. */
export interface ConnectionWarning {
  connection: Connection;
  kind: "certificate-expired" | "certificate-soon" | "metadata-unreadable";
  text: string;
}

export function findConnectionWarnings(connections: readonly Connection[]): ConnectionWarning[] {
  const active = connections.filter(({ status }) => status === "active");
  return active.flatMap((connection) => {
    const certificate = certificateWarning(connection);
    const readProblem = connection.settings && providerIn(connection.settings).readProblem;
    const warnings: ConnectionWarning[] = [];
    if (certificate) warnings.push({ connection, ...certificateTexts[certificate] });
    if (readProblem) {
      const text = `Its metadata could not be read again. ${readProblem}`;
      warnings.push({ connection, kind: "metadata-unreadable", text });
    }
    return warnings;
  });
}

const certificateTexts = {
  expired: {
    kind: "certificate-expired",
    text: "Its certificate has expired, so no one can sign in with it.",
  },
  soon: {
    kind: "certificate-soon",
    text: "Its certificate expires within 30 days. Bring the next one from Okta.",
  },
} as const;
