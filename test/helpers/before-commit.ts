import { setTimeout as sleep } from "node:timers/promises";
import type { TenantStore } from "../../src/store/tenant-store.ts";

class Gate {
  open = () => {};
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

/**
 * Begins `later` before the transaction of `first` commits, and returns what it returns. PostgreSQL reads and waits for locks
 * meanwhile; SQLite waits for the write lock.
 */
export async function beforeCommit<T>(
  store: TenantStore,
  first: (inside: TenantStore) => Promise<unknown>,
  later: () => Promise<T>,
): Promise<T> {
  const [isDone, commit] = [new Gate(), new Gate()];
  const committed = store.transaction(async (inside) => {
    await first(inside);
    isDone.open();
    await commit.opened;
  });
  await Promise.race([isDone.opened, committed]);
  const result = later();
  result.catch(() => undefined);
  await sleep(100);
  commit.open();
  await committed;
  return await result;
}
