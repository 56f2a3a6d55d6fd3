import type { TokenError } from "../../src/oauth/policy.ts";
import type { Answer } from "../helpers/client.ts";
import type { HostileWorld } from "./hostile-world.ts";

/** A token request that must be refused. */
export interface HostileRequest {
  name: string;
  /** The rule that refuses it. */
  rule: string;
  error: TokenError;
  /**
   * The refusal if the rule is gone: "nothing", so that there is a token; the rule that guards the same; the directory's
   * verdict on the person; the parser; or "a later step", which cannot go on without what the rule demands.
   */
  otherwise: string;
  send(world: HostileWorld): Promise<Answer>;
}

type Case = [name: string, send: HostileRequest["send"]];

/** Requests that one rule refuses. */
export function refusedBy(
  rule: string,
  wanted: Partial<Pick<HostileRequest, "error" | "otherwise">>,
  ...cases: Case[]
): HostileRequest[] {
  const usual = { rule, error: "invalid_grant", otherwise: "nothing" } as const;
  return cases.map(([name, send]) => ({ name, ...usual, ...wanted, send }));
}

export const seconds = () => Math.floor(Date.now() / 1000);

export function claims(changed: (world: HostileWorld) => Record<string, unknown>): HostileRequest["send"] {
  return (world) => world.exchange({ claims: changed(world) });
}

export function form(more: Record<string, string | string[] | undefined>): HostileRequest["send"] {
  return (world) => world.exchange({}, more);
}
