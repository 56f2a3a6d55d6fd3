import { seeded } from "../../../test/helpers/malformed-words.ts";

/** The choices of one request. The same seed makes the same choices. */
export interface Random {
  /** A number from 0 to `most`. */
  upTo(most: number): number;
  pick<T>(items: readonly T[]): T;
  /** Whether an event of this probability happens. */
  happens(probability: number): boolean;
}

/**
 * Each request has choices of its own, made of the run's seed, the protocol's name and its number. So a request can be repeated
 * without those before it.
 */
export function randomOf(...parts: readonly (string | number)[]): Random {
  const next = seeded(hashOf(parts.join("/")));
  // Numbers that are close to each other have similar first values.
  next();
  const upTo = (most: number) => Math.floor(next() * (most + 1));
  return {
    upTo,
    pick<T>(items: readonly T[]): T {
      return items[upTo(items.length - 1)] as T;
    },
    happens: (probability) => next() < probability,
  };
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash | 0;
}
