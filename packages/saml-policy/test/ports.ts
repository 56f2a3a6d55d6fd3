import type { SentRequest } from "saml-policy/assertion-rules";
import type { AcceptedResponse, Ports } from "saml-policy/consume";
import { now, relayState, requestId, spKey } from "./response.ts";

/** Ports over memory. `rollbacks` counts the transactions that threw. */
export interface MemoryPorts extends Ports<SentRequest, Map<string, number>> {
  consumed: Map<string, number>;
  requests: Map<string, SentRequest>;
  rollbacks: number;
}

export function memoryPorts(differences: Partial<MemoryPorts> = {}): MemoryPorts {
  const ports: MemoryPorts = {
    consumed: new Map(),
    requests: new Map([[requestId, { relayState, sentAt: now - 10_000 }]]),
    rollbacks: 0,
    now: () => now,
    decryptionKeys: async () => [spKey.privateKey],
    refreshCertificates: async () => null,
    async transaction(work) {
      const [consumed, requests] = [new Map(ports.consumed), new Map(ports.requests)];
      try {
        return await work(storesOf(ports), ports.consumed);
      } catch (error) {
        Object.assign(ports, { consumed, requests, rollbacks: ports.rollbacks + 1 });
        throw error;
      }
    },
    ...differences,
  };
  return ports;
}

function storesOf(ports: MemoryPorts) {
  return {
    replay: {
      async consume(assertionId: string, expiresAt: number) {
        if (ports.consumed.has(assertionId)) return false;
        ports.consumed.set(assertionId, expiresAt);
        return true;
      },
    },
    requests: {
      async take(id: string) {
        const request = ports.requests.get(id) ?? null;
        ports.requests.delete(id);
        return request;
      },
    },
  };
}

/** Keeps the accepted response as it is. */
export const keepAll = async (accepted: AcceptedResponse<SentRequest>) => accepted;
