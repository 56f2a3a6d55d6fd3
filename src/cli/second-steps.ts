import { mailsOf } from "../directory/mails.ts";
import { resetSecondSteps } from "../directory/second-steps.ts";
import { tenantBySlug } from "../directory/tenants.ts";
import { NotFoundError } from "../errors.ts";
import { forTenant } from "../store/tenant-store.ts";
import { visible } from "../visible.ts";
import type { Command } from "./command.ts";

/** Lets a person in again who lost their authenticator app, their passkeys and their recovery codes. */
export const secondStepsCommand: Command = {
  name: "second-step remove",
  usage: "<slug> --email EMAIL [--json]",
  summary: "Remove a person's authenticator app, passkeys and recovery codes, and end their sessions",
  positionals: ["slug"],
  values: ["email"],
  async run(input, { config, database }) {
    const { id } = await tenantBySlug(database, input.positional("slug"));
    const loginName = input.required("email");
    await forTenant(database, id).transaction(async (store) => {
      const user = await store.users.byLoginName(loginName);
      if (!user) throw new NotFoundError(`The tenant has no person with the login name "${loginName}".`);
      await resetSecondSteps(store, mailsOf(config.mail !== null), user);
      const action = "user.second_steps_removed";
      const entry = { actorKind: "operator", actor: "cli", action, changed: [] } as const;
      await store.activity.record({ ...entry, targetId: user.id, requestId: null });
    });
    const text = `${visible(loginName)} has no second step any more. Their password alone signs them in, or leads to a new set-up.`;
    return { json: { removed: loginName }, text };
  },
};
