import type { IsolationCases } from "../helpers/isolation.ts";

/** The cases of agents and their tokens, and of API keys: tenant B calls each method for A's data (see isolation-cases.ts). */
export const agentCases: Pick<
  IsolationCases,
  Extract<keyof IsolationCases, `agents.${string}` | `accessTokens.${string}` | `apiKeys.${string}`>
> = {
  "agents.registered": { call: (b) => b.agents.registered(), gives: [] },
  "agents.known": { call: (b) => b.agents.known(), gives: [] },
  "agents.find": { call: (b, a) => b.agents.find(a.clientId), gives: null },
  "agents.recordUse": {
    call: (b, a) => b.agents.recordUse({ clientId: a.clientId, name: "B's" }, a.userId),
    gives: undefined,
    changesB: true,
  },
  "agents.setBlocked": {
    call: (b, a) => b.agents.setBlocked({ clientId: a.clientId, name: "B's" }, true),
    gives: undefined,
    changesB: true,
  },
  "agents.grantsOf": { call: (b, a) => b.agents.grantsOf(a.userId), gives: [] },
  "agents.usersOf": { call: (b, a) => b.agents.usersOf(a.clientId, 9), gives: [] },
  "agents.isRevoked": { call: (b, a) => b.agents.isRevoked(a.userId, a.clientId), gives: false },
  "agents.recordGrant": {
    call: (b, a) => b.agents.recordGrant(a.userId, a.clientId, ["tasks.write"]),
    gives: "refused",
  },
  "agents.setRevoked": { call: (b, a) => b.agents.setRevoked(a.userId, a.clientId, true), gives: false },
  "accessTokens.create": {
    call: (b, a) =>
      b.accessTokens.create({
        id: "b-token",
        tokenHash: "b-token",
        userId: a.userId,
        connectionId: a.connectionId,
        clientId: a.clientId,
        act: null,
        scopes: ["tasks.write"],
        resources: ["https://app.test/api/v1"],
        role: "member",
        keyThumbprint: null,
        accessEpoch: 0,
        expiresAt: Date.now() + 60_000,
      }),
    gives: "refused",
  },
  "accessTokens.remove": {
    call: async (b, a) => {
      await b.accessTokens.remove({ clientId: a.clientId, userId: a.userId });
      await b.accessTokens.remove({ clientId: a.clientId });
      await b.accessTokens.remove({ connectionId: a.connectionId });
    },
    gives: undefined,
  },
  "apiKeys.create": {
    call: (b, a) =>
      b.apiKeys.create({
        id: "b-key",
        keyHash: "b-key",
        hint: "tkl_1234",
        userId: a.userId,
        name: "B's",
        scopes: ["tasks.write"],
        role: "admin",
        accessEpoch: 0,
        expiresAt: null,
      }),
    gives: "refused",
  },
  "apiKeys.list": { call: (b) => b.apiKeys.list(), gives: [] },
  "apiKeys.countOf": { call: (b, a) => b.apiKeys.countOf(a.userId), gives: 0 },
  "apiKeys.recordUse": { call: (b, a) => b.apiKeys.recordUse(a.apiKeyId), gives: undefined },
  "apiKeys.revoke": { call: (b, a) => b.apiKeys.revoke(a.apiKeyId), gives: false },
};
