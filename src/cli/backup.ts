import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { InvalidError } from "../errors.ts";
import { backUpSqlite } from "../store/backup.ts";
import { migrationState } from "../store/migrate.ts";
import type { Command } from "./command.ts";

export const backupCommand: Command = {
  name: "backup",
  usage: "<file> [--json]",
  summary: "Copy the SQLite database into a new file, also while the app is running",
  positionals: ["file"],
  async run(input, { config, database }) {
    if (database.engine !== "sqlite")
      throw new InvalidError(
        "This command copies SQLite. Back up PostgreSQL with pg_dump: docs/how-to/back-up-and-restore.md",
      );
    // SQLite would create the database, and a backup of nothing would look like a success.
    if (!existsSync(config.databaseUrl) || (await migrationState(database)).applied === 0)
      throw new InvalidError(`There is no database in ${resolve(config.databaseUrl)} (DATABASE_URL).`);
    const startedAt = new Date().toISOString();
    const file = resolve(input.positional("file"));
    await backUpSqlite(database, file);
    const { size } = statSync(file);
    return {
      json: { file, bytes: size, startedAt },
      text: [
        `${file} has everything that was stored by ${startedAt} (${size} bytes, integrity checked).`,
        "It does not contain DATA_KEY and SESSION_SECRET. Keep DATA_KEY in another place: without it, the secrets of",
        "connections cannot be decrypted. The file has personal data, and password hashes: protect it like the database.",
      ].join("\n"),
    };
  },
};
