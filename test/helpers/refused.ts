import assert from "node:assert/strict";
import { type RefusalReason, RefusedError } from "../../src/errors.ts";
import type { TestApp } from "./app.ts";
import type { Answer } from "./client.ts";
import type { TestDatabase } from "./databases.ts";

/** For assert.rejects: a refusal for this reason. */
export const refusedWith = (reason: RefusalReason) => (error: unknown) =>
  error instanceof RefusedError && error.reason === reason;

/** Runs `work` and asserts that it ends in a helpful page, with no one signed in and nothing created. */
export async function assertRefused(
  { logged }: TestApp,
  database: TestDatabase,
  reason: RefusalReason,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const before = await everything(database);
  const from = logged.length;
  const page = await work();
  assertRefusalPage(page, reason, logged.slice(from));
  assert.deepEqual(await everything(database), before, "something was created");
  return page;
}

function assertRefusalPage(page: Answer, reason: RefusalReason, logged: Record<string, unknown>[]): void {
  assert.equal(page.status, 403, `${page.status} ${page.location}`);
  assert.equal(page.location, null);
  const reference = page.headers.get("x-request-id") ?? "";
  assert.match(page.text, /You could not be signed in/);
  assert.ok(reference.length > 8 && page.text.includes(`<code>${reference}</code>`));
  assert.doesNotMatch(page.text, /^\s+at /m);
  const refused = logged.filter(({ event }) => event === "request.refused");
  assert.deepEqual(
    refused.map((line) => line.reason),
    [reason],
  );
  assert.deepEqual(
    logged.filter(({ event }) => event === "request.failed" || event === "sign_in.succeeded"),
    [],
  );
}

/** Everything that a refused sign-in must not change. */
async function everything({ database }: TestDatabase): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of ["users", "identities", "role_grants"]) {
    counts[table] = (await database.sql()(table)).length;
  }
  counts.sessions = (await database.sql()("sessions").whereNotNull("user_id")).length;
  return counts;
}
