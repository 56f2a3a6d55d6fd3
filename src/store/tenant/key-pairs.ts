import type { TenantScope } from "./scope.ts";

/** One of our key pairs at a connection. */
export interface StoredKeyPair {
  /** A connection's running number. The pair with the lowest one signs. */
  generation: number;
  /** Base64 DER. */
  certificate: string;
  /** The private key, sealed (secrets.ts). */
  sealedKey: string;
}

interface KeyPairRow {
  generation: number;
  certificate: string;
  sealed_key: string;
}

/** Our key pairs at the connections of one tenant. */
export function tenantKeyPairs(scope: TenantScope, now: () => number) {
  const ofConnection = (connectionId: string) => scope.rows("key_pairs").where("connection_id", connectionId);
  return {
    /** Oldest first. */
    async list(connectionId: string): Promise<StoredKeyPair[]> {
      const columns = ["generation", "certificate", "sealed_key"];
      const rows = (await ofConnection(connectionId).select(columns).orderBy("generation")) as KeyPairRow[];
      return rows.map(({ generation, certificate, sealed_key }) => ({
        generation,
        certificate,
        sealedKey: sealed_key,
      }));
    },

    /** Adds a pair, unless one of this generation exists. */
    async add(connectionId: string, { generation, certificate, sealedKey }: StoredKeyPair): Promise<void> {
      const row = { connection_id: connectionId, generation, certificate, sealed_key: sealedKey };
      await scope.insertMany("key_pairs", [{ ...row, created_at: now() }], "ignore-existing");
    },

    /** Returns whether the pair existed. */
    async remove(connectionId: string, generation: number): Promise<boolean> {
      return ((await ofConnection(connectionId).where({ generation }).delete()) as number) > 0;
    },
  };
}
