type Payload = Record<string, unknown>;

/** Above this number of rows, expired ones are deleted. */
const tidyAbove = 2_000;

/**
 * The storage of oidc-provider (its Adapter): codes, tokens and sign-ins in progress. It outlives the provider: new keys
 * need a new provider, which must still accept the codes of the old one.
 * @param findClient returns a registered client as client metadata.
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
