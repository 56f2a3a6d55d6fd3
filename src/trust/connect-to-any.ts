import { buildConnector } from "undici";
import type { Address } from "./addresses.ts";

/** The time between two attempts, in ms, and the shortest one, for a name with many addresses (RFC 8305 §5). */
const usualDelayMs = 250;
const shortestDelayMs = 100;

/**
 * Connects to the first address that accepts the connection and proves the host's name by TLS. The families alternate, and
 * the next attempt begins when the one before fails or has not succeeded after a moment (RFC 8305 §4, §5), so an address that
 * does not answer costs a moment only. The first success ends the other attempts.
 * @param timeoutMs the time in which every address should have its attempt.
 * @param signal ends all attempts.
 */
export function connectToAny(
  addresses: readonly Address[],
  timeoutMs: number,
  signal: AbortSignal,
): buildConnector.connector {
  const inTurn = alternateFamilies(addresses);
  const delayMs = Math.max(shortestDelayMs, Math.min(usualDelayMs, timeoutMs / (inTurn.length + 1)));
  return (options, done) => {
    const attempts: AbortController[] = [];
    let failures = 0;
    let next: NodeJS.Timeout | undefined;
    let isOver = false;
    const end = (...result: Parameters<buildConnector.Callback>) => {
      isOver = true;
      clearTimeout(next);
      signal.removeEventListener("abort", abort);
      done(...result);
    };
    const abort = () => {
      for (const attempt of attempts) attempt.abort();
      end(new Error("The connection took too long."), null);
    };
    const start = () => {
      clearTimeout(next);
      const address = inTurn[attempts.length];
      if (!address) return;
      const attempt = new AbortController();
      attempts.push(attempt);
      next = setTimeout(start, delayMs);
      connectorTo(address, attempt.signal)(options, (...[error, socket]) => {
        if (isOver) return;
        if (error !== null) {
          failures++;
          if (failures === inTurn.length) end(error, null);
          else start();
          return;
        }
        for (const other of attempts) if (other !== attempt) other.abort();
        end(null, socket);
      });
    };
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    else start();
  };
}

/** Connects to one address, until the signal ends it. A connector without a limit of time of its own. */
function connectorTo({ address, family }: Address, signal: AbortSignal): buildConnector.connector {
  return buildConnector({
    timeout: 0,
    signal,
    lookup: (_host, options, done) =>
      options.all ? done(null, [{ address, family }]) : done(null, address, family),
  });
}

/** The addresses in the resolver's order, but of both families in turn (RFC 8305 §4). */
function alternateFamilies(addresses: readonly Address[]): Address[] {
  const first = addresses.filter(({ family }) => family === addresses[0]?.family);
  const second = addresses.filter(({ family }) => family !== addresses[0]?.family);
  const longest = Math.max(first.length, second.length);
  return Array.from({ length: longest }, (_, index) => [first[index], second[index]])
    .flat()
    .filter((address) => address !== undefined);
}
