import type { AddressInfo } from "node:net";
import PostalMime from "postal-mime";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

/** A mail that the server took. */
export interface CaughtMail {
  id: number;
  at: number;
  /** The recipients of the SMTP conversation, which decide who gets it. */
  recipients: string[];
  from: string;
  subject: string;
  text: string;
  html: string;
  /** By their names in lower case. */
  headers: Map<string, string[]>;
  /** The https and http addresses in the text. */
  links: string[];
}

export interface MailCatcher {
  /** For SMTP_URL. */
  url: string;
  /** The newest last. */
  mails: CaughtMail[];
  close(): Promise<void>;
}

/** A presenter reads the last few. */
const mostKept = 50;

/**
 * An SMTP server on this machine that delivers nothing and keeps what it takes.
 * @param options of smtp-server, such as a refusal of a recipient.
 */
export async function startMailCatcher(options: SMTPServerOptions = {}): Promise<MailCatcher> {
  const mails: CaughtMail[] = [];
  let count = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.once("end", () => {
        read(Buffer.concat(chunks), ++count).then((mail) => {
          mails.push({ ...mail, recipients: session.envelope.rcptTo.map(({ address }) => address) });
          if (mails.length > mostKept) mails.shift();
          done();
        }, done);
      });
    },
    ...options,
  });
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function read(raw: Buffer, id: number): Promise<CaughtMail> {
  const { from, subject = "", text = "", html = "", headers } = await PostalMime.parse(raw);
  const byName = new Map<string, string[]>();
  for (const { key, value } of headers) byName.set(key, [...(byName.get(key) ?? []), value]);
  const links = [...text.matchAll(/https?:\/\/\S+/g)].map(([url]) => url);
  const sender = from?.name ? `${from.name} <${from.address}>` : (from?.address ?? "");
  return { id, at: Date.now(), recipients: [], from: sender, subject, text, html, headers: byName, links };
}
