import { InvalidError } from "../errors.ts";
import { markLost, reencrypt } from "../store/reencryption.ts";
import { type Sealer, sealer } from "../store/secrets.ts";
import type { Command, CommandContext } from "./command.ts";

/** Commands about DATA_KEY. */
export const secretsCommands: Command[] = [
  {
    name: "secrets reencrypt",
    usage: "[--json]",
    summary:
      "Encrypt all stored secrets with DATA_KEY, also those that DATA_KEY_FORMER encrypted, while the app runs",
    async run(_input, context) {
      const result = await reencrypt(context.database, configured(context));
      const { replaced, left, unreadable } = result;
      const lines = [
        `${replaced} values are encrypted with DATA_KEY now. ${left} are left under a former key.`,
      ];
      if (left > 0) lines.push("The app stored them in the meantime: run the command again.");
      else lines.push("DATA_KEY_FORMER can be removed, once all replicas encrypt with DATA_KEY.");
      if (unreadable > 0)
        lines.push(
          `${unreadable} values can be decrypted with no configured key: see docs/how-to/rotate-secrets.md`,
        );
      return { json: result, text: lines.join("\n") };
    },
  },
  {
    name: "secrets mark-lost",
    usage: "--yes [--json]",
    summary: "Give up the stored secrets that no configured key decrypts, after the loss of a DATA_KEY",
    switches: ["yes"],
    async run(input, context) {
      if (!input.isSet("yes"))
        throw new InvalidError(
          "The secrets that no configured key decrypts have to be entered again afterwards. Add --yes if their key is lost.",
        );
      const marked = await markLost(context.database, configured(context));
      return {
        json: { lost: marked },
        text: `${marked} secrets are given up. They have to be entered again.`,
      };
    },
  },
];

function configured({ config }: CommandContext): Sealer {
  if (!config.dataKey) throw new InvalidError("DATA_KEY is missing: nothing can be encrypted without it.");
  return sealer(config.dataKey, config.formerDataKeys);
}
