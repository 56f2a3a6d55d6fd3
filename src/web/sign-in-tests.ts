import type { Request, Response } from "express";
import { attributes } from "../../config/attributes.ts";
import { finishSignInTest, type MappedField, type TestedSignIn } from "../directory/sign-in-tests.ts";
import type { Connection, Profile } from "../model.ts";
import type { Sealer } from "../store/secrets.ts";
import type { TenantStore } from "../store/tenant-store.ts";

/** The fields that a sign-in fills. */
type Field = "loginName" | keyof Profile;

/** What was sent for each of our fields, by config/attributes.ts. */
export function mappedFields(
  nameOf: (field: Field) => string | null,
  sentAs: (name: string) => unknown,
): MappedField[] {
  return attributes.flatMap(({ field, label, required }) => {
    if (field === null || field === "active") return [];
    const name = nameOf(field);
    const value = name === null ? undefined : sentAs(name);
    const isThere = typeof value === "string" && value.trim() !== "";
    return [{ label, name, value: isThere ? value : null, required }];
  });
}

/**
 * Ends a sign-in that an administrator wanted to look at: what arrived is kept for the set-up page, which asks for it, and
 * nobody is signed in. The window that this page is in cannot reach the one that opened it (Cross-Origin-Opener-Policy).
 */
export async function endTest(
  req: Request,
  res: Response,
  { store, sealer, connection }: { store: TenantStore; sealer: Sealer; connection: Connection },
  testId: string,
  arrival: TestedSignIn,
): Promise<void> {
  const works = await finishSignInTest({ store, sealer, connection }, testId, arrival);
  const reason = arrival.problem?.reason ?? null;
  const cause = arrival.problem?.cause;
  const where = { tenantId: store.tenantId, connectionId: connection.id };
  req.log.info({ ...where, works, reason, ...(cause ? { err: cause } : {}) }, "sign_in_test.finished");
  res.set("Cache-Control", "no-store").render("sign-in-test-done", { title: "Test sign-in", works });
}
