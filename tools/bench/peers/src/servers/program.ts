/** A peer's server is a program with two modes: it writes its data and ends, or it serves until its parent ends. */

/** The client's wishes to a peer's server. */
export interface Wish {
  /** The folder of its database. */
  folder: string;
  port: number;
  users: number;
  members: number;
  /** The token of the provisioning client. */
  token: string;
  /** The OpenID provider, and this application's credentials there. */
  oidc: { issuer: string; clientId: string; clientSecret: string };
  /** The SAML identity provider. */
  saml: { idpEntityId: string; ssoUrl: string; certificate: string; metadata: string };
}

/** The answer of a peer's server about its data. */
export interface Seeded {
  /** In the order of the people's numbers, which begin at 1. */
  userIds: string[];
  groupId: string;
  /** Values that only this peer has. */
  own: Record<string, string>;
}

/** Runs in the mode that the parent process wants. */
export async function runServer(program: {
  seed(wish: Wish): Promise<Seeded>;
  serve(wish: Wish): Promise<void>;
}): Promise<void> {
  const [mode = "", text = "{}"] = process.argv.slice(2);
  const wish = JSON.parse(text) as Wish;
  process.once("disconnect", () => process.exit(0));
  if (mode === "seed") {
    const seeded = await program.seed(wish);
    process.send?.(seeded, () => process.exit(0));
  } else {
    await program.serve(wish);
  }
}

export const originOf = ({ port }: Wish) => `http://localhost:${port}`;

/** The file of the database in the wish's folder. */
export const databaseFile = ({ folder }: Wish) => `${folder}/peer.sqlite`;

/**
 * The settings that every SQLite database here has, as the application's own: readers do not wait for the writer, and a commit
 * is on the disk before it returns. Seeding does not sync, because it may be repeated.
 */
export const pragmas = (mode: "seed" | "serve") => [
  "journal_mode = wal",
  `synchronous = ${mode === "seed" ? "off" : "full"}`,
  "busy_timeout = 5000",
];

/** Says on standard error how far the seeding is. */
export function progressOf(name: string, all: number): (done: number) => void {
  const step = Math.max(1, Math.floor(all / 5));
  return (done) => {
    if (done % step === 0) process.stderr.write(`  ${name}: ${done} of ${all}\n`);
  };
}
