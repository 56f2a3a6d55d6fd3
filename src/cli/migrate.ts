import { migrate, unlockMigrations } from "../store/migrate.ts";
import type { Command } from "./command.ts";

/** `npm run migrate` is this command. */
export const migrateCommand: Command = {
  name: "migrate",
  usage: "[--unlock] [--json]",
  summary: "Bring the database to this version of the program",
  switches: ["unlock"],
  async run(input, { database }) {
    if (input.isSet("unlock")) await unlockMigrations(database);
    const applied = await migrate(database);
    const text =
      applied.length === 0 ? "The database is already current." : `Applied:\n  ${applied.join("\n  ")}`;
    return { json: { applied }, text };
  },
};
