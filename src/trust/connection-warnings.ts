import type { Connection } from "../model.ts";
import { certificateExpiry, certificateFacts } from "./certificates.ts";

/** Whether a connection's signing certificates have expired or soon will. */
export function certificateWarning({ type, settings }: Connection): "expired" | "soon" | null {
  if (type !== "saml" || !settings) return null;
  const states = settings.certificates.map((certificate) => certificateExpiry(certificateFacts(certificate)));
  // One certificate that is valid for long is enough.
  if (states.includes(null)) return null;
  return states.includes("soon") ? "soon" : "expired";
}

/** Returns warnings, as sentences, about active connections. */
export function findConnectionWarnings(
  connections: readonly Connection[],
): { connection: Connection; text: string }[] {
  const active = connections.filter(({ status }) => status === "active");
  return active.flatMap((connection) => {
    const certificate = certificateWarning(connection);
    const read = connection.type === "saml" ? connection.settings?.metadataRead : null;
    const texts = [
      certificate === "expired" ? "Its certificate has expired, so no one can sign in with it." : null,
      certificate === "soon" ? "Its certificate expires within 30 days. Bring the next one from Okta." : null,
      read?.problem ? `Its metadata could not be read again. ${read.problem}` : null,
    ];
    return texts.flatMap((text) => (text === null ? [] : [{ connection, text }]));
  });
}
