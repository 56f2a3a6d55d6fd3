import type { Database } from "./database.ts";

/** A key of the deployment for identity tokens. */
export interface StoredForwardAuthKey {
  /** A running number. */
  generation: number;
  /** A public JWK with its `kid`, as JSON. */
  publicKey: string;
  /** The private key, sealed (secrets.ts). */
  sealedKey: string;
  createdAt: number;
}

interface ForwardAuthKeyRow {
  generation: number;
  public_key: string;
  sealed_key: string;
  created_at: number;
}

export function forwardAuthKeyStore(database: Database) {
  const rows = () => database.sql()("forward_auth_keys");
  return {
    /** Oldest first. */
    async list(): Promise<StoredForwardAuthKey[]> {
      const found = (await rows().orderBy("generation")) as ForwardAuthKeyRow[];
      return found.map((row) => ({
        generation: row.generation,
        publicKey: row.public_key,
        sealedKey: row.sealed_key,
        createdAt: row.created_at,
      }));
    },

    /** Does nothing if another replica was faster. Keeps the former key, which may still sign, and removes older ones. */
    async add({ generation, publicKey, sealedKey, createdAt }: StoredForwardAuthKey): Promise<void> {
      const row = { generation, public_key: publicKey, sealed_key: sealedKey, created_at: createdAt };
      await rows().insert(row).onConflict("generation").ignore();
      await rows()
        .where("generation", "<", generation - 1)
        .delete();
    },
  };
}
