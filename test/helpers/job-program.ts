/**
 * A process that works on jobs, for the tests that kill it. Words: the database's URL, and `hang` to stop in the middle of the
 * work, after the first of two effects.
 */

import { z } from "zod";
import { createLog } from "../../src/log.ts";
import { type JobKind, jobHandler } from "../../src/outbox/jobs.ts";
import { openRunner } from "../../src/outbox/runner.ts";
import { openDatabase } from "../../src/store/database.ts";
import { handlersOf } from "./outbox.ts";

const [url = "", mode] = process.argv.slice(2);

const twoEffects: JobKind<{ name: string }> = {
  name: "test.two_effects",
  data: z.object({ name: z.string() }),
  async handle({ store, data, jobId, attempt }) {
    const effect = (part: string) =>
      store.activity.record({
        actorKind: "operator",
        actor: `${attempt}`,
        action: `${data.name}.${part}`,
        targetId: jobId,
        changed: [],
        requestId: null,
      });
    await effect("begun");
    process.stdout.write("begun\n");
    if (mode === "hang") await new Promise(() => undefined);
    await effect("done");
    process.stdout.write("done\n");
  },
};

const database = openDatabase(url, "off");
const handlers = handlersOf({ job: jobHandler(database, [twoEffects]) });
openRunner({ database, log: createLog("silent"), handlers }).start();
// The runner's timer does not keep the process alive.
setInterval(() => undefined, 1_000);
