import { importPKCS8, type JWK, type JWTPayload, SignJWT } from "jose";
import type { Database } from "../store/database.ts";
import { forwardAuthKeyStore, type StoredForwardAuthKey } from "../store/forward-auth-keys.ts";
import type { Sealer } from "../store/secrets.ts";
import { newPublishedKey, signingKey } from "../trust/published-keys.ts";
import type { GenerateKeys } from "../trust/rsa-keys.ts";

export interface IdentityKeyDeps {
  database: Database;
  sealer: Sealer;
  generateKeys: GenerateKeys;
  now?: () => number;
}

/** After this time, a key gets a successor. */
const keyLifeMs = 90 * 86_400_000;
/** How long a replica works with what it read. Shorter than publishedMs. */
const readMs = 60_000;

const sealingContext = "forward-auth/key";
const algorithm = "RS256";

/** The deployment's keys. The first one is made when it is needed, and each signs for 90 days. */
export function identityKeys({ database, sealer, generateKeys, now = Date.now }: IdentityKeyDeps) {
  const store = forwardAuthKeyStore(database);
  let cached: { keys: OpenedKey[]; at: number } | null = null;

  async function newKey(generation: number): Promise<StoredForwardAuthKey> {
    const { publicKey, privateKey } = await newPublishedKey(generateKeys);
    return { generation, publicKey, sealedKey: sealer.seal(privateKey, sealingContext), createdAt: now() };
  }

  /** Adds a key if there is none that this DATA_KEY opens, or if the newest one has lived long enough. */
  async function keys(): Promise<OpenedKey[]> {
    if (cached && now() - cached.at < readMs) return cached.keys;
    const stored = await store.list();
    let opened = stored.flatMap((key) => openKey(key, sealer));
    const newest = opened.at(-1);
    if (!newest || newest.createdAt + keyLifeMs <= now()) {
      await store.add(await newKey((stored.at(-1)?.generation ?? 0) + 1));
      // Another replica may have been faster: read the key that was stored.
      opened = (await store.list()).flatMap((key) => openKey(key, sealer));
    }
    cached = { keys: opened, at: now() };
    return opened;
  }

  return {
    /** All public keys, also those that another DATA_KEY sealed: tokens of a replica that has it are still valid. */
    async published(): Promise<JWK[]> {
      await keys();
      return (await store.list()).map(({ publicKey }) => JSON.parse(publicKey) as JWK);
    },

    async sign(type: string, claims: JWTPayload): Promise<string> {
      const key = signingKey(await keys(), now());
      if (!key) throw new Error("the stored key for identity tokens cannot be opened");
      key.imported ??= importPKCS8(key.privateKey, algorithm);
      const header = { typ: type, alg: algorithm, kid: key.kid };
      return await new SignJWT(claims).setProtectedHeader(header).sign(await key.imported);
    },
  };
}

interface OpenedKey {
  kid: string;
  privateKey: string;
  createdAt: number;
  /** Importing takes longer than signing, so it happens once. */
  imported?: ReturnType<typeof importPKCS8>;
}

/** Empty for a key that another DATA_KEY sealed. */
function openKey({ publicKey, sealedKey, createdAt }: StoredForwardAuthKey, sealer: Sealer): OpenedKey[] {
  try {
    const { kid } = JSON.parse(publicKey) as JWK;
    return [{ kid: String(kid), privateKey: sealer.open(sealedKey, sealingContext), createdAt }];
  } catch {
    return [];
  }
}
