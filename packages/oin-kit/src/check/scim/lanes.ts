/** Requests at the same time: they shorten the check and are not a load. */
const lanes = 4;

/**
 * Runs the work for all items, a few at a time. After a failure it begins no new work, but waits for the work that has
 * begun: what that creates must be known before the check cleans up.
 */
export async function inLanes<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const queue = [...items.entries()];
  const results: Result[] = [];
  let failed = false;
  const lane = async () => {
    for (let next = queue.shift(); next && !failed; next = queue.shift()) {
      try {
        results[next[0]] = await work(next[1]);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: lanes }, lane));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return results;
}
