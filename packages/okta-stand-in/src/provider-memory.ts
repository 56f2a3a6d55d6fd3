type Payload = Record<string, unknown>;

/** More rows than this, and those that have expired are thrown away. */
const tidyAbove = 2_000;

/**
 * What oidc-provider remembers (its Adapter): codes, tokens and sign-ins in progress. Kept outside the provider, because
 * new keys make a new provider, and a code that the old one gave must still be worth a token there.
 * @param findClient registered clients by their id, as client metadata.
 */
export function providerMemory(findClient: (clientId: string) => Payload | undefined) {
  const rows = new Map<string, { payload: Payload; until: number }>();
  const tidy = () => {
    for (const [key, { until }] of rows) if (until < Date.now()) rows.delete(key);
  };
  return (model: string) => {
    const keyOf = (id: string) => `${model}:${id}`;
    return {
      async upsert(id: string, payload: Payload, expiresIn?: number) {
        if (rows.size > tidyAbove) tidy();
        rows.set(keyOf(id), { payload, until: expiresIn ? Date.now() + expiresIn * 1000 : Infinity });
      },
      async find(id: string) {
        return model === "Client" ? findClient(id) : rows.get(keyOf(id))?.payload;
      },
      async findByUid(uid: string) {
        return [...rows].find(([key, { payload }]) => key.startsWith(`${model}:`) && payload.uid === uid)?.[1]
          .payload;
      },
      async consume(id: string) {
        const row = rows.get(keyOf(id));
        if (row) row.payload.consumed = Math.floor(Date.now() / 1000);
      },
      async destroy(id: string) {
        rows.delete(keyOf(id));
      },
      async revokeByGrantId(grantId: string) {
        for (const [key, { payload }] of rows) if (payload.grantId === grantId) rows.delete(key);
      },
    };
  };
}
