import { createTransport } from "nodemailer";
import type { MailServer } from "../config.ts";
import type { Attempt } from "../store/outbox.ts";

/** A mail as it is sent. */
interface OutgoingMail {
  /** Of its message in the outbox. A repeated attempt has the same Message-ID. */
  id: string;
  to: string;
  subject: string;
  text: string;
  html: string;
}

/** Sends one mail and says how it went. Never throws. */
export type MailTransport = (mail: OutgoingMail) => Promise<Attempt>;

/** Each step of the conversation. All of an attempt ends before its lease does. */
const stepMs = 4_000;
const attemptMs = 15_000;

/**
 * The connection to the mail server. Outside this machine it is always encrypted, by TLS from the start or by STARTTLS
 * (RFC 8314 §3): nodemailer would otherwise go on in clear text if the server offers none.
 * @param host the right side of Message-IDs.
 */
export function smtpTransport(server: MailServer, host: string): MailTransport {
  const transporter = createTransport({
    host: server.host,
    port: server.port,
    secure: server.secure,
    requireTLS: server.requireTls,
    ...(server.login ? { auth: { user: server.login.user, pass: server.login.password } } : {}),
    dnsTimeout: stepMs,
    connectionTimeout: stepMs,
    greetingTimeout: stepMs,
    socketTimeout: stepMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return async ({ id, to, subject, text, html }) => {
    const message = {
      from: server.from,
      // Objects, not text: a text is parsed as a list of addresses.
      to: { name: "", address: to },
      subject: subject.replace(/\p{Cc}+/gu, " "),
      text,
      html,
      messageId: `<${id}@${host}>`,
      // Vacation replies and other robots do not answer it (RFC 3834 §5).
      headers: { "Auto-Submitted": "auto-generated" },
    };
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<Attempt>((resolve) => {
      const attempt: Attempt = { state: "retry", answer: "timeout", retryAfterMs: null };
      timer = setTimeout(() => resolve(attempt), attemptMs);
    });
    const sending = transporter
      .sendMail(message)
      .then((): Attempt => ({ state: "sent", answer: "250" }), judge);
    try {
      return await Promise.race([sending, tooLong]);
    } finally {
      clearTimeout(timer);
    }
  };
}

/**
 * A permanent refusal of the recipient or of the message is final (RFC 5321 §4.2.1). Everything else may pass: also a wrong
 * password of our own account. The answer has only codes, because servers repeat addresses in their sentences.
 */
function judge(error: unknown): Attempt {
  const { code = "error", responseCode } = error as { code?: string; responseCode?: number };
  const answer = responseCode === undefined ? code : `${responseCode} ${code}`;
  const isAboutMail = code === "EENVELOPE" || code === "EMESSAGE";
  if (isAboutMail && responseCode !== undefined && responseCode >= 500) return { state: "refused", answer };
  return { state: "retry", answer, retryAfterMs: null };
}
