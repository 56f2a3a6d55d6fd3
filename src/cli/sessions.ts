import { changeSessionPolicy, checkPolicyTime, type PolicyTime } from "../directory/session-policy.ts";
import { tenantBySlug } from "../directory/tenants.ts";
import { InvalidError, NotFoundError } from "../errors.ts";
import { type SessionPolicy, secondStepPolicies } from "../store/session-store.ts";
import { forTenant } from "../store/tenant-store.ts";
import type { Command, CommandInput } from "./command.ts";

/** Shows a tenant's session policy, and changes what the options name. */
export const sessionsCommand: Command = {
  name: "tenant sessions",
  usage: [
    "<slug> [--idle MINUTES] [--absolute MINUTES] [--admin-sign-in MINUTES|off]",
    "[--saml-unsolicited on|off]", // SAML
    "[--second-step none|admins|everyone] [--json]",
  ].join(" "),
  summary: "Show or change how long people stay signed in",
  positionals: ["slug"],
  values: [
    "idle",
    "absolute",
    "admin-sign-in",
    "saml-unsolicited", // SAML
    "second-step",
  ],
  async run(input, { database }) {
    const { id } = await tenantBySlug(database, input.positional("slug"));
    const changes = readChanges(input);
    const policy = await database.transaction(async (joined) => {
      const store = forTenant(joined, id);
      if (Object.keys(changes).length > 0) {
        const changed = await changeSessionPolicy(store, changes);
        const action = "sessions.limits_changed";
        const entry = { actorKind: "operator", actor: "cli", action, changed } as const;
        await store.activity.record({ ...entry, targetId: null, requestId: null });
      }
      return await store.sessions.policy();
    });
    if (!policy) throw new NotFoundError("There is no such tenant.");
    const lines = Object.entries(policy).map(([name, value]) => `  ${name}: ${value ?? "off"}`);
    return { json: policy, text: ["The session policy:", ...lines].join("\n") };
  },
};

function readChanges(input: CommandInput): Partial<SessionPolicy> {
  const minutes = (option: string, time: PolicyTime) => {
    const text = input.value(option);
    if (text === undefined) return {};
    if (!/^\d{1,6}$/.test(text)) throw new InvalidError(`--${option} takes a number of minutes.`);
    return { [time]: checkPolicyTime(time, Number(text)) };
  };
  const samlUnsolicited = input.onOff("saml-unsolicited"); // SAML
  const isOff = input.value("admin-sign-in") === "off";
  return {
    ...minutes("idle", "idleMinutes"),
    ...minutes("absolute", "absoluteMinutes"),
    ...(isOff ? { adminFreshMinutes: null } : minutes("admin-sign-in", "adminFreshMinutes")),
    ...(samlUnsolicited === undefined ? {} : { samlUnsolicited }), // SAML
    ...readSecondStep(input),
  };
}

function readSecondStep(input: CommandInput): Pick<SessionPolicy, "secondStep"> | object {
  const text = input.value("second-step");
  if (text === undefined) return {};
  const secondStep = secondStepPolicies.find((one) => one === text);
  if (!secondStep) throw new InvalidError(`--second-step must be one of ${secondStepPolicies.join(", ")}.`);
  return { secondStep };
}
