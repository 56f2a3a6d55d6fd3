import { createHash, createHmac } from "node:crypto";
import { z } from "zod";
import { equalsSecret } from "../../src/store/secrets.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { ProblemError } from "../../src/web/problems.ts";
import { type Delivery, NotVerifiedError, type WebhookReceiver } from "../../src/web/webhooks.ts";

const planChanged = z.object({
  type: z.literal("subscription.changed"),
  data: z.object({ tenant: z.string(), plan: z.enum(["free", "team"]) }),
});

export const billingWebhook: WebhookReceiver = {
  name: "billing",
  async receive(message, transaction) {
    const { success, data: event } = planChanged.safeParse(message);
    // The provider sends events of other types, too: accept them, or it delivers them again for days.
    if (!success) return;
    const tenant = await systemStore(transaction).tenants.bySlug(event.data.tenant);
    if (!tenant) throw new ProblemError(422, "There is no such tenant.");
    const store = forTenant(transaction, tenant.id);
    const by = { actorKind: "operator", actor: "billing", requestId: null } as const;
    await store.activity.record({ ...by, action: "plan.changed", targetId: null, changed: ["plan"] });
  },
};

/** The signature of GitHub and others: HMAC-SHA256 of the body in hex. */
export function verifyHubSignature({ headers, body, secrets }: Delivery): string {
  const presented = /^sha256=([0-9a-f]{64})$/.exec(String(headers["x-hub-signature-256"]))?.[1] ?? "";
  const isSigned = secrets.some((secret) =>
    equalsSecret(Buffer.from(presented, "hex"), createHmac("sha256", secret).update(body).digest()),
  );
  if (!isSigned) throw new NotVerifiedError("X-Hub-Signature-256 is not valid");
  // Only the body is signed, so only the body can say whether a delivery is new. There is no signed time.
  return createHash("sha256").update(body).digest("hex");
}
