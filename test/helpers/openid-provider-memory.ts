type Payload = Record<string, unknown>;

/**
 * What the provider of the tests remembers (oidc-provider's Adapter). Kept outside the provider, because new keys or
 * clients make a new provider, and a code that the old one gave must still be worth a token there.
 */
export function providerMemory() {
  const rows = new Map<string, Payload>();
  return (model: string) => {
    const keyOf = (id: string) => `${model}:${id}`;
    return {
      async upsert(id: string, payload: Payload) {
        rows.set(keyOf(id), payload);
      },
      async find(id: string) {
        return rows.get(keyOf(id));
      },
      async findByUid(uid: string) {
        return [...rows].find(([key, payload]) => key.startsWith(`${model}:`) && payload.uid === uid)?.[1];
      },
      async consume(id: string) {
        const payload = rows.get(keyOf(id));
        if (payload) payload.consumed = Math.floor(Date.now() / 1000);
      },
      async destroy(id: string) {
        rows.delete(keyOf(id));
      },
      async revokeByGrantId(grantId: string) {
        for (const [key, payload] of rows) if (payload.grantId === grantId) rows.delete(key);
      },
    };
  };
}
