import { tenantBySlug } from "../directory/tenants.ts";
import { InvalidError } from "../errors.ts";
import { sealer } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant } from "../store/tenant-store.ts";
import { type ExpectedSeal, type TrailFault, type TrailReport, verifyTrail } from "../trail/verify.ts";
import type { Command, CommandInput } from "./command.ts";

/** The seals over the activity: docs/explanation/activity-seals.md. */
export const activityCommands: readonly Command[] = [
  {
    name: "activity verify",
    usage: "[--tenant SLUG [--expect NUMBER:SEAL]] [--json]",
    summary: "Compare the activity with its seals, and name the first changed, missing or added entry",
    values: ["tenant", "expect"],
    async run(input, { config, database }) {
      const slug = input.value("tenant");
      const expected = expectedSeal(input);
      if (!config.dataKey)
        throw new InvalidError("DATA_KEY is missing: the seals cannot be verified without it.");
      const tenants = slug
        ? [await tenantBySlug(database, slug)]
        : await systemStore(database).tenants.list();
      const reports: NamedReport[] = [];
      for (const tenant of tenants) {
        const store = forTenant(database, tenant.id);
        const report = await verifyTrail(store, sealer(config.dataKey, config.formerDataKeys), { expected });
        reports.push({ tenant: tenant.slug, ...report });
      }
      return {
        json: { tenants: reports.map(toJson) },
        text: reports.length === 0 ? "There is no tenant yet." : reports.map(toText).join("\n"),
        hasFailed: reports.some(({ fault }) => fault !== null),
      };
    },
  },
  {
    name: "activity restart",
    usage: "<slug> --yes [--json]",
    summary: "Begin a new chain of seals, after a fault was examined or the key was lost",
    positionals: ["slug"],
    switches: ["yes"],
    async run(input, { database }) {
      const { id, slug } = await tenantBySlug(database, input.positional("slug"));
      if (!input.isSet("yes"))
        throw new InvalidError("The seals so far are deleted, with what they prove. Add --yes to confirm.");
      await forTenant(database, id).transaction(async (store) => {
        await store.activitySeals.clear();
        const entry = { actorKind: "operator", actor: "cli", action: "activity.seals_restarted" } as const;
        await store.activity.record({ ...entry, targetId: null, changed: [], requestId: null });
      });
      return {
        json: { restarted: slug },
        text: "The running application begins a new chain within a minute.",
      };
    },
  },
];

type NamedReport = TrailReport & { tenant: string };

function expectedSeal(input: CommandInput): ExpectedSeal | undefined {
  const text = input.value("expect");
  if (text === undefined) return undefined;
  const [, number, seal] = /^(\d{1,12}):([\w-]{43})$/.exec(text) ?? [];
  if (number === undefined || seal === undefined || !input.value("tenant"))
    throw new InvalidError("--expect takes NUMBER:SEAL, as head in the JSON has them, and needs --tenant.");
  return { number: Number(number), seal };
}

function toJson({ fault, ...report }: NamedReport) {
  return { ...report, fault: fault && { ...fault, entry: entryOf(fault) } };
}

const entryOf = ({ entry }: TrailFault) => entry && { id: entry.id, at: new Date(entry.at).toISOString() };

function toText({ tenant, checked, unsealed, removed, fault }: NamedReport): string {
  if (fault) return `${tenant}: FAULT. ${fault.text}`;
  const gone = removed > 0 ? `, ${removed} removed after their retention period` : "";
  return `${tenant}: ${checked} entries are as they were sealed, ${unsealed} not yet sealed${gone}.`;
}
