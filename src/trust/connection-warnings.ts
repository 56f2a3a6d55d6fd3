import type { Connection } from "../model.ts";
import { certificateExpiry, certificateFacts } from "./certificates.ts";

/** Whether the certificates that a connection's sign-ins are verified with need attention. */
export function certificateWarning({ type, settings }: Connection): "expired" | "soon" | null {
  if (type !== "saml" || !settings) return null;
  const states = settings.certificates.map((certificate) => certificateExpiry(certificateFacts(certificate)));
  // While one of several is good for long, nothing has to be done.
  if (states.includes(null)) return null;
  return states.includes("soon") ? "soon" : "expired";
}

/** What needs somebody's attention, of connections that are on: a sentence, and whose it is. */
export function findConnectionWarnings(
  connections: readonly Connection[],
): { connection: Connection; text: string }[] {
  const active = connections.filter(({ status }) => status === "active");
  return active.flatMap((connection) => {
    const certificate = certificateWarning(connection);
    const read = connection.type === "saml" ? connection.settings?.metadataRead : null;
    const texts = [
      certificate === "expired" ? "Its certificate has ended: nobody can sign in with it." : null,
      certificate === "soon" ? "Its certificate ends within 30 days. Bring the next one from Okta." : null,
      read?.problem ? `Its metadata could not be read again. ${read.problem}` : null,
    ];
    return texts.flatMap((text) => (text === null ? [] : [{ connection, text }]));
  });
}
