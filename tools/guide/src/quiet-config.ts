import { randomBytes } from "node:crypto";
import { type Config, loadConfig } from "../../../src/config.ts";

/**
 * The configuration of a deployment that sets nothing but what it must, for tests and tools. A new variable has its default
 * here, too. The database is given to the application apart from it.
 */
export function quietConfig(overrides: Partial<Config> = {}): Config {
  const environment = {
    BASE_URL: "http://localhost:3000",
    SESSION_SECRET: randomBytes(32).toString("base64"),
    DATA_KEY: randomBytes(32).toString("base64"),
    LOG_LEVEL: "silent",
  };
  return { ...loadConfig(environment), ...overrides };
}
